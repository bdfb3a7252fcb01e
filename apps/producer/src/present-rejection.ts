import type { Rejection } from '@tajo/store';

export function presentRejection({ _id, ...rejection }: Rejection): Omit<Rejection, '_id'> & { id: string } {
  return { id: _id, ...rejection };
}
