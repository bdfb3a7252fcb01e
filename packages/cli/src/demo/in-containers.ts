import { loadConfig } from '@tajo/config';
import { BadInput } from '@tajo/errors';
import { brevoDefaults, connectSandbox, klaviyoDefaults } from '@tajo/sandbox';
import { TajoClient } from '@tajo/sdk';
import type { Context } from '../context.js';
import { EXIT } from '../exit-code.js';
import { duration } from '../format/values.js';
import { reportError } from '../report-error.js';
import { StopRequest } from '../up/stop-request.js';
import { connectAndResync } from './resync.js';

// The demo where others have started everything: the installation and the sandbox run in containers beside this one, and their
// addresses are in the environment as for the apps. Exit code as of `npm run demo`.
const context: Context = { env: process.env, cwd: process.cwd(), out: process.stdout, err: process.stderr, exitCode: EXIT.ok };
const stop = new StopRequest();
const startedAt = Date.now();
try {
  const { apiUrl, apiKey, account } = loadConfig({ env: context.env, cwd: context.cwd });
  if (apiKey === undefined)
    throw new BadInput('api_key_missing', 'TAJO_API_KEY is not set; give the key of the installation.', {
      field: 'TAJO_API_KEY',
    });
  const balances = await connectAndResync({
    context,
    tajo: new TajoClient({ apiKey, brevoApiKey: brevoDefaults.apiKey, baseUrl: apiUrl }),
    sandbox: {
      keys: { klaviyoPrivateKey: klaviyoDefaults.privateKey, klaviyoPublicKey: klaviyoDefaults.publicKey },
      ...connectSandbox({ klaviyoUrl: account.klaviyo.baseUrl, brevoUrl: account.brevo.baseUrl }),
    },
    signal: stop.signal,
  });
  const took = duration(Date.now() - startedAt);
  context.out.write(`\n${balances ? `Everything balances; it took ${took}.` : `It does NOT balance; it took ${took}.`}\n`);
  context.exitCode = balances ? EXIT.ok : EXIT.failed;
} catch (error) {
  context.exitCode = reportError(context, error, { verbose: process.argv.includes('--verbose') });
} finally {
  stop.dispose();
}
process.exitCode = context.exitCode;
