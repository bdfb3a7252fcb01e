import { ledgerSuite } from '../../../test/contracts/ledger.js';

ledgerSuite('MONGO_URL', () => {
  const url = process.env['MONGO_URL'];
  if (url === undefined) throw new Error('MONGO_URL is not set; `npm test` starts a server and sets it.');
  return url;
});
