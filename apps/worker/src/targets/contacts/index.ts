import type { Target } from '../target.js';
import { admit } from './admit.js';
import { complete, settleMissing } from './complete.js';
import { deliver } from './deliver.js';
import { check, plan } from './plan.js';
import { reconcile } from './reconcile.js';
import { giveUpImport, settleImport } from './settle.js';

/** Brevo contacts, by asynchronous import and, for the few rows an import cannot express, one by one. */
export const contacts: Target = { check, plan, admit, deliver, settleImport, giveUpImport, complete, settleMissing, reconcile };
