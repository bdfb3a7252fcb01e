import type { Target } from '../target.js';
import { admit } from './admit.js';
import { deliver } from './deliver.js';
import { plan } from './plan.js';

/** Brevo's orders, always as history. Written by their id, so that a repeat converges. */
export const orders: Target = { plan, admit, deliver };
