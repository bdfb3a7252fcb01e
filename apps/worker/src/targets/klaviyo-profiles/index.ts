import type { Target } from '../target.js';
import { admit } from './admit.js';
import { deliver, giveUpImport } from './deliver.js';
import { plan } from './rules.js';
import { settleJob } from './send-import.js';

/** Klaviyo profiles, brought together with the contacts of Brevo that changed: the way back. */
export const klaviyoProfiles: Target = { plan, admit, deliver, settleJob, giveUpImport };

export { syncContacts } from './sync-contacts.js';
