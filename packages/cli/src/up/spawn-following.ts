import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable } from 'node:stream';

// Runs in the child before its script. The channel to us breaks even when we are killed with -9: the child then ends by itself
// instead of living on with the port and the database. The channel alone must not keep the child alive.
const FOLLOW = `
process.once('disconnect', () => {
  process.kill(process.pid, 'SIGTERM');
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), 25_000).unref();
});
process.channel?.unref();
`;

/** Arguments of node that make it follow whoever opened a channel to it. */
export const followParentArgs: readonly string[] = ['--import', `data:text/javascript,${encodeURIComponent(FOLLOW)}`];

export type FollowingChild = ChildProcessByStdio<null, Readable, Readable>;

/**
 * Starts node in a process group of its own, so that Ctrl-C reaches only us and we stop our children in order. The child does not
 * outlive us, however we end.
 */
export function spawnFollowing(args: readonly string[], env: NodeJS.ProcessEnv): FollowingChild {
  const child = spawn(process.execPath, [...followParentArgs, ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    detached: true,
  });
  // The options above make exactly these streams; the overloads do not know a fourth one.
  return child as FollowingChild;
}
