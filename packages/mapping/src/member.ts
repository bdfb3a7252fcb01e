import { z } from 'zod';
import { jsonApi } from './json-api.js';
import { type Mapped, row, type WriteSpec } from './resource.js';

/** Somebody on a Klaviyo list or in a segment. Says who, not how to reach them: that is the profile's affair. */
export interface MemberRow {
  /** `<list>|<profile>`. */
  readonly sourceId: string;
  /** Klaviyo's id of the list or segment. */
  readonly list: string;
  /** Klaviyo's id of the profile. */
  readonly profile: string;
  /** As Klaviyo writes it. */
  readonly joinedAt: string | null;
}

/** How members of either kind are read. Of a profile only the time it joined is asked for: no personal data travels. */
export const joinedGroup = {
  slice: { field: 'joined_group_at', strict: false },
  pageSize: 100,
  extra: { 'fields[profile]': 'joined_group_at' },
} as const;

export const memberItem = jsonApi('profile', { joined_group_at: z.string().nullish() }).extend({
  parent: z.string().min(1).max(255),
});

export function mapMember({ id, parent, attributes }: z.infer<typeof memberItem>, _rules: unknown): Mapped<MemberRow> {
  return row({ sourceId: `${parent}|${id}`, list: parent, profile: id, joinedAt: attributes.joined_group_at ?? null });
}

export const membersWrite: WriteSpec<MemberRow> = {
  via: 'members',
  groupBy: ({ list }) => list,
  settles: 'later',
  becomes: 'contacts on the Brevo list; who left is taken off it at the end of a run',
  batch: 'POST /contacts/lists/{id}/contacts/add in 150s, or POST /contacts/import with `listIds` where that is fewer requests',
  repeat: 'being added twice changes nothing; what our link says is on the list is not sent',
};

export function memberOf(kind: 'list' | 'segment'): readonly string[] {
  return [
    `the time somebody joined the ${kind}: Brevo keeps none`,
    'members who are not in Brevo, e.g. profiles without e-mail address and phone number',
    `consent: being on a ${kind} makes nobody mailable, and a contact that is blocked in Brevo stays blocked`,
  ];
}
