// The resync that a user would write with the vendors' own SDKs: page by page, and each page imported in two consent groups, as a
// blocklist flag holds for a whole import. It keeps no progress, looks at no outcome and reconciles nothing.
import { BrevoClient } from '@getbrevo/brevo';
import { ApiKeySession, ProfilesApi } from 'klaviyo-api';

const { KLAVIYO_BASE_URL = '', KLAVIYO_PRIVATE_KEY = '', BREVO_BASE_URL = '', BREVO_API_KEY = '' } = process.env;
const klaviyo = new ProfilesApi(new ApiKeySession(KLAVIYO_PRIVATE_KEY));
klaviyo.basePath = KLAVIYO_BASE_URL;
const brevo = new BrevoClient({ apiKey: BREVO_API_KEY, baseUrl: BREVO_BASE_URL });

let cursor;
do {
  const { body } = await klaviyo.getProfiles({
    sort: 'created',
    pageSize: 100,
    additionalFieldsProfile: ['subscriptions'],
    pageCursor: cursor,
  });
  const profiles = body.data.filter(({ attributes }) => attributes.email);
  await importGroup(profiles.filter(isMailable), { listIds: [20, 21], emailBlacklist: false });
  await importGroup(
    profiles.filter((profile) => !isMailable(profile)),
    { listIds: [20], emailBlacklist: true },
  );
  cursor = body.links.next ? new URL(body.links.next).searchParams.get('page[cursor]') : undefined;
} while (cursor !== undefined);

function isMailable({ attributes }) {
  const marketing = attributes.subscriptions?.email?.marketing;
  return marketing?.consent === 'SUBSCRIBED' && marketing.canReceiveEmailMarketing === true && !marketing.suppression?.length;
}

async function importGroup(profiles, { listIds, emailBlacklist }) {
  if (profiles.length === 0) return;
  await brevo.contacts.importContacts({
    jsonBody: profiles.map(({ id, attributes }) => ({
      email: attributes.email,
      attributes: {
        EXT_ID: id,
        FIRSTNAME: attributes.firstName,
        LASTNAME: attributes.lastName,
        ...(attributes.phoneNumber && { SMS: attributes.phoneNumber }),
      },
    })),
    listIds,
    emailBlacklist,
    disableNotification: true,
    updateExistingContacts: true,
  });
}
