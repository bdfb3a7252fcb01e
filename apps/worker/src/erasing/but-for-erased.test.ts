import { describe, expect, it } from '@jest/globals';
import { butForErased } from './but-for-erased.js';

const difference = (klaviyo: number, brevo: number) => ({ key: 'k', klaviyo, brevo, explanation: 'e' });

describe('differences of both sides', () => {
  it('are explained up to the number of people erased meanwhile, in either direction, and no further', () => {
    const differences = [difference(10, 9), difference(10, 11), difference(10, 8), difference(10, 12)];
    expect(butForErased({ differences }, 1).differences).toEqual(differences.slice(2));
  });

  it('all stay where nobody was erased', () => {
    const differences = [difference(10, 9), difference(10, 11)];
    expect(butForErased({ differences }, 0).differences).toEqual(differences);
  });
});
