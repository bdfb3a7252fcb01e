import { joinedGroup, mapMember, memberItem, memberOf, membersWrite } from '../member.js';
import { defineResource } from '../resource.js';

export const listMembers = defineResource({
  name: 'list-members',
  title: 'List members',
  record: 'list member',
  sync: 'lists',
  after: ['lists', 'profiles'],
  read: {
    // Not …/relationships/profiles: that answers ids alone, without the time that slices are cut by (…/reference/get_profiles_for_list).
    path: '/api/lists/{id}/profiles',
    scopes: ['lists:read', 'profiles:read'],
    forEach: { resource: 'lists' },
    ...joinedGroup,
  },
  item: memberItem,
  map: mapMember,
  write: membersWrite,
  notCarried: [...memberOf('list')],
});
