import { expect, it } from 'vitest';
import { hashOf, parseRoute, type Route } from './route.ts';

it.each<Route>([{ at: 'gallery' }, { at: 'talk' }, { at: 'new' }, { at: 'edit', id: '가 나/x', copy: false }, { at: 'edit', id: 'a', copy: true }])(
  'finds %j again by its address',
  (route) => expect(parseRoute(hashOf(route))).toEqual(route),
);

it('takes what it does not know for the gallery', () => {
  expect(parseRoute('#edit')).toEqual({ at: 'gallery' });
  expect(parseRoute('#<b>')).toEqual({ at: 'gallery' });
});
