import { expect, test } from 'vitest';
import type { Setting } from '../api/types';
import { draftOf, grouped, isSame, said, valueOf } from './settings';

const setting = (facts: Partial<Setting>): Setting => ({
  name: 'port',
  group: 'address',
  meaning: 'Port',
  kind: 'number',
  choices: null,
  value: 8787,
  in_force: 8787,
  default: 8787,
  origin: 'default',
  variable: 'FASTCLIP_PORT',
  takes_effect: 'restart',
  is_changed_here: true,
  ...facts,
});

test('a value that is shown and not touched is sent as it came', () => {
  const all: Partial<Setting>[] = [
    { value: 8787 },
    { kind: 'text', value: 'a b' },
    { kind: 'switch', value: false },
    { kind: 'list', value: ['a.lan', 'b.lan'] },
    { kind: 'list', value: [] },
    { kind: 'list', choices: ['h264', 'av1'], value: ['h264'] },
  ];
  for (const facts of all) {
    const one = setting(facts);
    expect(isSame(valueOf(one, draftOf(one)), one.value)).toBe(true);
  }
});

test('a list is typed with commas or spaces, a number that is none stays what was typed', () => {
  expect(valueOf(setting({ kind: 'list' }), ' a.lan,b.lan  c.lan ')).toEqual(['a.lan', 'b.lan', 'c.lan']);
  expect(valueOf(setting({}), ' 90 ')).toBe(90);
  expect(valueOf(setting({}), '9.5')).toBe('9.5');
});

test('a setting of a group that the page does not know is shown all the same, last', () => {
  const groups = grouped([setting({ name: 'new', group: 'news' }), setting({})], []);
  expect(groups.map(({ id, rows }) => [id, rows.map(({ name }) => name)])).toEqual([
    ['address', ['port']],
    ['other', ['new']],
  ]);
});

test('a secret stands behind the setting that it belongs to', () => {
  const password = { name: 'smtp_password', is_set: false, origin: 'vault', variable: '', is_changed_here: true } as const;
  const names = ['smtp_host', 'smtp_user', 'mail_from'];
  const [mail] = grouped(names.map((name) => setting({ name, group: 'mail' })), [password]);
  expect(mail?.rows.map(({ name }) => name)).toEqual(['smtp_host', 'smtp_user', 'smtp_password', 'mail_from']);
});

test('values are said in words', () => {
  expect(said(setting({ kind: 'switch' }), true)).toBe('On');
  expect(said(setting({ kind: 'text' }), '')).toBe('nothing');
  expect(said(setting({ name: 'smtp_security' }), 'ssl')).toBe('TLS from the start');
});
