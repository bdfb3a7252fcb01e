import type { Target } from '../target.js';
import { admit } from './admit.js';
import { deliver } from './deliver.js';
import { plan } from './plan.js';
import { reconcile } from './reconcile.js';

/** Brevo contacts, by asynchronous import and, for the few rows an import cannot express, one by one. */
export const contacts: Target = { plan, admit, deliver, reconcile };
