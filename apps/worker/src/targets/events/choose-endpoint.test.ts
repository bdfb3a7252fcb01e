import { expect, it } from '@jest/globals';
import { lanesFor } from '@tajo/brevo';
import { chooseEndpoint } from './choose-endpoint.js';

const windowsOf = (path: string, tier: 'general' | 'advanced' | 'extended') =>
  lanesFor({ account: 'a', method: 'POST', path, tier }).flatMap(({ windows }) => windows);

it('events go one by one where batches have the smallest budget: 36,000 an hour against 20,000', () => {
  for (const tier of ['general', 'advanced', 'extended'] as const) {
    const [single, batch] = [windowsOf('/events', tier), windowsOf('/events/batch', tier)];
    expect(chooseEndpoint({ single, batch, events: 200 })).toBe('single');
  }
});

it('events go together where a batch counts like a single event, unless there is only one', () => {
  const single = windowsOf('/events', 'general');
  expect(chooseEndpoint({ single, batch: single, events: 2 })).toBe('batch');
  expect(chooseEndpoint({ single, batch: single, events: 1 })).toBe('single');
});

it('the limit in force decides, also when somebody lowered it', () => {
  const single = [{ limit: 2, windowMs: 1_000 }];
  const batch = [{ limit: 100, windowMs: 3_600_000 }];
  expect(chooseEndpoint({ single, batch, events: 200 })).toBe('batch');
  expect(chooseEndpoint({ single, batch, events: 50 })).toBe('single');
});

it('fewer calls are better where nothing limits', () => {
  expect(chooseEndpoint({ single: [], batch: [], events: 5 })).toBe('batch');
  expect(chooseEndpoint({ single: [], batch: [], events: 1 })).toBe('single');
});
