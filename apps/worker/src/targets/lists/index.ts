import type { Target } from '../target.js';
import { admit } from './admit.js';
import { check } from './check.js';
import { compare } from './compare.js';
import { deliver } from './deliver.js';
import { plan } from './plan.js';

/** Brevo lists, for Klaviyo's lists and segments alike, in one folder of their own. */
export const lists: Target = { check, plan, admit, deliver, compare };
