import { join } from 'node:path';
import { resolveServers } from '@tajo/servers';
import { startJest } from './jest.mjs';
import { endAs } from './run-target.mjs';
import { root } from './set-up.mjs';

let servers;
try {
  servers = await resolveServers({ log: (line) => console.error(`set-up: ${line}`) });
} catch (error) {
  console.error(error.message);
  process.exit(1);
}

const reporters = ['--reporters=default', `--reporters=${join(root, 'test/setup/closing-line.mjs')}`];
// Arguments first: --reporters would swallow file names that follow it.
const jest = startJest([...process.argv.slice(2), ...reporters], { REDIS_URL: servers.redisUrl, MONGO_URL: servers.mongoUrl });
await endAs(jest, () => servers.stop());
