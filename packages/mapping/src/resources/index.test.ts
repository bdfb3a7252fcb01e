import { readFileSync } from 'node:fs';
import { type ResourceFixture, resourceSuite } from '../../../../test/contracts/resource.js';
import { hashRow } from '../hash.js';
import type { ProfileRules } from '../rules.js';
import { resources } from './index.js';

for (const resource of Object.values(resources)) {
  // Fixtures are ours: written beside the resource, and a wrong shape fails the suite at once.
  const fixture = JSON.parse(
    readFileSync(new URL(`../fixtures/${resource.name}.json`, import.meta.url), 'utf8'),
  ) as ResourceFixture;
  resourceSuite({ resource, fixture, rules: fixture.rules as ProfileRules, hash: hashRow });
}
