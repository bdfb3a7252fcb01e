import { readFileSync } from 'node:fs';
import { type ResourceFixture, resourceSuite } from '../../../../test/contracts/resource.js';
import type { ContactRow } from '../contact-row.js';
import { hashOf, hashRow } from '../hash.js';
import { resourceNamed, resourceNames } from './index.js';

for (const name of resourceNames) {
  const resource = resourceNamed(name);
  // Fixtures are ours: written beside the resource, and a wrong shape fails the suite at once.
  const fixture = JSON.parse(
    readFileSync(new URL(`../fixtures/${resource.name}.json`, import.meta.url), 'utf8'),
  ) as ResourceFixture;
  // The target of contacts hashes by its own rule; every other by the common one. A mapped row is an object.
  const hash = (row: unknown) => (name === 'profiles' ? hashRow(row as ContactRow) : hashOf(row as object));
  resourceSuite({ resource, fixture, rules: fixture.rules, hash });
}
