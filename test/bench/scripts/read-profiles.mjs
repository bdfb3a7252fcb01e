// Reads every profile with Klaviyo's own SDK, as a user would write it: one cursor at a time, the SDK's own retries, and RANGES of the
// time of creation side by side. Ends by itself only when there is nothing left to read.
import { ApiKeySession, ProfilesApi } from 'klaviyo-api';

const { KLAVIYO_BASE_URL = '', KLAVIYO_PRIVATE_KEY = '', RANGES = '1' } = process.env;
const api = new ProfilesApi(new ApiKeySession(KLAVIYO_PRIVATE_KEY));
api.basePath = KLAVIYO_BASE_URL;

const [first] = (await api.getProfiles({ sort: 'created', pageSize: 1 })).body.data;
const from = new Date(first.attributes.created).getTime() - 1_000;
const step = (Date.now() - from) / Number(RANGES);
await Promise.all(Array.from({ length: Number(RANGES) }, (_, range) => read(from + range * step, from + (range + 1) * step)));

async function read(fromMs, toMs) {
  const filter = `and(greater-than(created,${new Date(fromMs).toISOString()}),less-than(created,${new Date(toMs).toISOString()}))`;
  let cursor;
  do {
    try {
      const { body } = await api.getProfiles({
        filter,
        sort: 'created',
        pageSize: 100,
        additionalFieldsProfile: ['subscriptions'],
        pageCursor: cursor,
      });
      cursor = body.links.next ? new URL(body.links.next).searchParams.get('page[cursor]') : undefined;
    } catch (error) {
      // The SDK gives up after three retries; a script that must arrive asks again.
      if (error.response?.status !== 429) throw error;
    }
  } while (cursor !== undefined);
}
