// What every npm script starts with: `node test/setup/bootstrap.mjs <target> [arguments]` sets up what is missing on a machine that
// has only Node and npm, and then runs the target. Standard output belongs to the target alone; what is said here goes to standard error.
const OLDEST_NODE = [20, 19];

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])) {
  console.error(
    `Node ${OLDEST_NODE.join('.')} or newer is needed; this is Node ${process.versions.node}. Install a current one (nodejs.org) and run the command again.`,
  );
  process.exit(2);
}

// Imported only now: an older Node would stop at something it does not know, with a message that helps nobody.
const { setUp } = await import('./set-up.mjs');
const { runTarget } = await import('./run-target.mjs');

const [target, ...args] = process.argv.slice(2);
await setUp();
await runTarget(target, args);
