import { describe, expect, it } from 'vitest';
import { ChangeTracker } from '../../extension/views/changes.ts';

const values = (value: string) => new Map([['key', value]]);

describe('ChangeTracker', () => {
  it('compares with the stop before, however often one stop is read', () => {
    const changes = new ChangeTracker();
    expect(changes.update(1, 1, values('a'))).toBeUndefined();
    expect(changes.update(1, 2, values('b'))).toEqual(values('a'));
    expect(changes.update(1, 2, values('edited'))).toEqual(values('a'));
    expect(changes.update(1, 3, values('c'))).toEqual(values('edited'));
  });

  it('keeps threads apart and forgets on request', () => {
    const changes = new ChangeTracker();
    changes.update(1, 1, values('one'));
    expect(changes.update(2, 2, values('two'))).toBeUndefined();
    expect(changes.update(1, 2, values('x'))).toEqual(values('one'));
    changes.clear();
    expect(changes.update(1, 3, values('y'))).toBeUndefined();
  });
});
