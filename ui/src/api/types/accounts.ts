// People, their sessions and keys; the rows of the health page.

export interface Account {
  id: string;
  email: string;
  name: string;
  role: 'owner' | 'member';
  created_at: string;
  balance: number;
  is_covered: boolean;
  has_paid_deposit: boolean;
  signup_credit_available: boolean;
  auth: 'api_key' | 'session';
  /** What links that are passed on begin with. */
  links_begin: string;
  limits: Record<string, number | boolean>;
}

export interface Session {
  account: Account;
  csrf_token: string;
}

export interface Key {
  key_id: string;
  name: string;
  prefix: string;
  last_used_at: string | null;
  last_used_ip: string | null;
  created_at: string;
}

/** The only answer that holds the key itself. */
export interface NewKey {
  key_id: string;
  name: string;
  key: string;
  prefix: string;
  created_at: string;
}

/** Somebody who has an account here, as the owner sees them. */
export interface Member {
  id: string;
  email: string;
  name: string;
  role: 'owner' | 'member';
  is_covered: boolean;
  balance: number;
  created_at: string;
  last_seen_at: string | null;
  clip_count: number;
  clip_bytes: number;
  /** What counts against the storage quota: pinned clips and fonts. */
  kept_bytes: number;
  /** What goes by itself: uploads, clips that are not pinned. */
  temporary_bytes: number;
  quota_bytes: number;
}

export interface Invite {
  invite_id: string;
  email: string | null;
  is_covered: boolean;
  created_at: string;
  expires_at: string;
}

/** The only answer that holds the link. */
export interface NewInvite extends Invite {
  url: string;
  mailed: boolean;
}

export interface ResetLink {
  url: string;
  mailed: boolean;
  expires_in: number;
}

/** One browser in which this account is signed in. */
export interface SignedIn {
  session_id: string;
  is_current: boolean;
  ip: string | null;
  user_agent: string | null;
  created_at: string;
  last_seen_at: string;
}

/** One row of the health page. */
export interface Check {
  name: string;
  state: 'ok' | 'warn' | 'fail';
  cause: string;
  fix: string;
}

export interface Ticket {
  ok: true;
  ticket_id: string;
}
