// What a settings form holds while it is edited, and what of it is sent.
import type { Secret, Setting, SettingValue } from '../api/types';
import { text } from '../strings';

const words = text.settings;

/** A setting in its control: text for texts, numbers and lists. */
export type Draft = string | boolean | string[];

const GROUPS = ['address', 'people', 'mail', 'money', 'clips', 'models', 'webhooks', 'work', 'keeping'];
/** Hardly ever changed; folded away. */
const ADVANCED = new Set(['stripe_api', 'stripe_js']);
/** Behind which setting a secret stands. */
const SECRETS: Record<string, string[]> = {
  smtp_user: ['smtp_password'],
  stripe_publishable_key: ['stripe_secret_key', 'stripe_webhook_secret'],
  btcpay_store: ['btcpay_api_key', 'btcpay_webhook_secret'],
};

export interface Group {
  id: string;
  rows: (Setting | Secret)[];
  advanced: Setting[];
}

/** Settings as the page shows them; a group that it does not know comes last. */
export function grouped(settings: Setting[], secrets: Secret[]): Group[] {
  const known = (group: string) => (GROUPS.includes(group) ? group : 'other');
  return [...GROUPS, 'other']
    .map((id) => {
      const here = settings.filter((one) => known(one.group) === id);
      const behind = (setting: Setting) => secrets.filter(({ name }) => SECRETS[setting.name]?.includes(name));
      return {
        id,
        rows: here.filter(({ name }) => !ADVANCED.has(name)).flatMap((one) => [one, ...behind(one)]),
        advanced: here.filter(({ name }) => ADVANCED.has(name)),
      };
    })
    .filter(({ rows }) => rows.length);
}

export const isSetting = (row: Setting | Secret): row is Setting => 'kind' in row;

export const labelOf = (setting: Setting): string => words.names[setting.name]?.name ?? setting.name;

/** A list of a few words is ticked; every other one is typed. */
export const isTicked = (setting: Setting): boolean => setting.kind === 'list' && setting.choices !== null;

export function draftOf(setting: Setting, value: SettingValue = setting.value): Draft {
  if (typeof value === 'boolean' || (Array.isArray(value) && isTicked(setting))) return value;
  return Array.isArray(value) ? value.join(', ') : String(value);
}

/** What is sent; a number that is none stays text, for a refusal. */
export function valueOf(setting: Setting, draft: Draft): SettingValue {
  if (setting.kind === 'number' && typeof draft === 'string' && /^\s*\d+\s*$/.test(draft)) return Number(draft);
  if (setting.kind === 'list' && typeof draft === 'string') return draft.split(/[\s,]+/).filter(Boolean);
  return typeof draft === 'string' ? draft.trim() : draft;
}

export const isSame = (a: SettingValue, b: SettingValue): boolean => JSON.stringify(a) === JSON.stringify(b);

/** A value in words, for hints. */
export function said(setting: Setting, value: SettingValue): string {
  if (typeof value === 'boolean') return value ? words.on : words.off;
  if (Array.isArray(value)) return value.join(', ') || words.empty;
  return words.choices[setting.name]?.[String(value)] ?? (String(value) || words.empty);
}
