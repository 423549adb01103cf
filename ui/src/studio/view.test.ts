import { describe, expect, test } from 'vitest';

import { embrace, fit, marks, nearest, pan, reveal, rulerStep, spanAt, timeOf, xOf, zoom, zoomShare } from './view';

const HOUR = 3600;

test('a time and its place on the line are each other’s inverse', () => {
  const view = { from: 12, span: 30 };
  expect(timeOf(view, 900, xOf(view, 900, 27.3))).toBeCloseTo(27.3);
  expect(xOf(view, 900, 12)).toBe(0);
});

describe('zooming', () => {
  test('keeps the time under the pointer', () => {
    const before = { from: 100, span: 600 };
    const after = zoom(before, 0.5, 250, HOUR);
    expect(xOf(after, 1000, 250)).toBeCloseTo(xOf(before, 1000, 250));
    expect(after.span).toBe(300);
  });
  test('never shows more than the source nor less than the nearest', () => {
    expect(zoom(fit(HOUR), 4, 1000, HOUR)).toEqual(fit(HOUR));
    expect(zoom(fit(HOUR), 1e-9, 1000, HOUR).span).toBe(nearest(HOUR));
  });
  test('out at the end of the source stays inside it', () => {
    const view = zoom({ from: HOUR - 10, span: 10 }, 5, HOUR, HOUR);
    expect(view.from + view.span).toBeCloseTo(HOUR);
  });
  test('by the slider goes from the whole source to the nearest and back', () => {
    expect(zoomShare(fit(HOUR), HOUR)).toBe(0);
    expect(spanAt(0, HOUR)).toBe(HOUR);
    expect(spanAt(1, HOUR)).toBeCloseTo(nearest(HOUR));
    expect(zoomShare({ from: 0, span: spanAt(0.37, HOUR) }, HOUR)).toBeCloseTo(0.37);
  });
  test('a source shorter than the nearest is shown whole', () => {
    expect(zoom(fit(0.4), 0.1, 0.2, 0.4)).toEqual(fit(0.4));
    expect(zoomShare(fit(0.4), 0.4)).toBe(0);
  });
});

test('panning stops at both ends', () => {
  expect(pan({ from: 5, span: 10 }, -99, 60).from).toBe(0);
  expect(pan({ from: 5, span: 10 }, 99, 60).from).toBe(50);
});

describe('following the playhead', () => {
  test('leaves the view alone while it is inside', () => {
    const view = { from: 10, span: 10 };
    expect(reveal(view, 15, 60)).toBe(view);
  });
  test('turns the page when it leaves', () => expect(reveal({ from: 10, span: 10 }, 20, 60).from).toBeCloseTo(19.4));
  test('rests on the last page', () => {
    const last = { from: 50, span: 10 };
    expect(reveal(last, 60, 60)).toBe(last);
  });
});

test('a segment is shown with air around it', () => {
  expect(embrace(20, 30, 60)).toEqual({ from: 18.5, span: 13 });
  expect(embrace(0, 60, 60)).toEqual(fit(60));
});

describe('the ruler', () => {
  test('takes the first step that leaves room for its numbers', () => {
    expect(rulerStep(fit(30), 1000)).toBe(5);
    expect(rulerStep(fit(3 * HOUR), 1000)).toBe(1800);
  });
  test('marks whole steps in view only', () => expect(marks({ from: 9, span: 12 }, 5)).toEqual([10, 15, 20]));
});
