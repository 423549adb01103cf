import { expect, test } from 'vitest';

import { begin, record, redo, replace, seal, undo } from './history';

test('undo and redo walk the same steps', () => {
  const two = record(record(begin(0), 1), 2);
  expect(undo(two).present).toBe(1);
  expect(undo(undo(two)).present).toBe(0);
  expect(redo(redo(undo(undo(two)))).present).toBe(2);
});

test('a drag of many moves is undone at once', () => {
  let history = record(begin(0), 1);
  for (const at of [2, 3, 4]) history = record(history, at, 'drag');
  expect(undo(history).present).toBe(1);
  expect(redo(undo(history)).present).toBe(4);
});

test('a second drag of the same edge is a second step', () => {
  let history = record(begin(0), 1, 'drag');
  history = record(seal(history), 2, 'drag');
  expect(undo(history).present).toBe(1);
});

test('a new change forgets what was undone', () => {
  const history = record(undo(record(begin(0), 1)), 7);
  expect(redo(history).present).toBe(7);
});

test('a replaced value is no step', () => {
  expect(undo(replace(record(begin(0), 1), 5)).present).toBe(0);
});

test('a change to the same value is no step', () => {
  const value = {};
  expect(record(begin(value), value).past).toHaveLength(0);
});

test('nothing to undo or redo leaves the value', () => {
  expect(undo(begin(3)).present).toBe(3);
  expect(redo(begin(3)).present).toBe(3);
});

test('the oldest steps are let go', () => {
  let history = begin(0);
  for (let step = 1; step <= 500; step++) history = record(history, step);
  expect(history.past).toHaveLength(200);
  expect(history.past[0]).toBe(300);
});
