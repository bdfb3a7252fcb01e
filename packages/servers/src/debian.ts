import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { findOnPath, run } from './programs.js';
import type { Env } from './running-server.js';

const TIMEOUT_MS = 600_000;
const POLICY = '/usr/sbin/policy-rc.d';

/** Why nothing can be installed here; undefined when it can. */
export function whyNotInstallable(env: Env): string | undefined {
  if (!existsSync('/etc/debian_version') || findOnPath('apt-get', env) === undefined) return 'this is not Debian';
  return process.getuid?.() === 0 ? undefined : 'only root may install packages';
}

/** Installs packages with apt-get; their services are not started, or one would sit on the usual port from now on. */
export async function installPackages(packages: readonly string[], env: Env): Promise<void> {
  const quiet = { env: { ...env, DEBIAN_FRONTEND: 'noninteractive' }, timeoutMs: TIMEOUT_MS };
  const install = () =>
    run('apt-get', ['install', '-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=120', ...packages], quiet);
  const ownPolicy = !existsSync(POLICY);
  // invoke-rc.d asks this file; 101 is «forbidden by policy».
  if (ownPolicy) writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    // A fresh machine has no package lists, an old one stale lists: the first try fails on both.
    await install().catch(async () => {
      await run('apt-get', ['update'], quiet);
      await install();
    });
  } finally {
    if (ownPolicy) rmSync(POLICY, { force: true });
  }
}
