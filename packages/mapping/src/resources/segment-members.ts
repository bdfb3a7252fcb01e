import { joinedGroup, mapMember, memberItem, memberOf, membersWrite } from '../member.js';
import { defineResource } from '../resource.js';

export const segmentMembers = defineResource({
  name: 'segment-members',
  title: 'Segment members',
  record: 'segment member',
  sync: 'segments',
  after: ['segments', 'profiles'],
  read: {
    // As of lists (…/reference/get_profiles_for_segment).
    path: '/api/segments/{id}/profiles',
    scopes: ['profiles:read', 'segments:read'],
    forEach: { resource: 'segments' },
    ...joinedGroup,
  },
  item: memberItem,
  map: mapMember,
  write: membersWrite,
  notCarried: [...memberOf('segment'), 'who leaves while Klaviyo is still computing the segment is taken off by a later run'],
});
