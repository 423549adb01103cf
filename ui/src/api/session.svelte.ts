// Who is signed in, held once for the whole page.
import { ask, api, setCsrfToken, whenSignedOut } from './client';
import { asError, type ApiError } from './errors';
import type { Account, Balance, Session } from './types';

export type SessionState = 'opening' | 'setup' | 'out' | 'in' | 'unreachable';

class SessionStore {
  state = $state<SessionState>('opening');
  account = $state<Account | null>(null);
  balance = $state<Balance | null>(null);
  /** True when the server ended a session this page was using. */
  isExpired = $state(false);
  /** Why the server could not be asked, in the state `unreachable`. */
  failure = $state<ApiError | null>(null);

  constructor() {
    whenSignedOut(() => this.#end(true));
  }

  /** Asks the server who we are; without a session, whether it has an owner yet. */
  async open(): Promise<void> {
    try {
      this.#begin(await ask(api.GET('/v1/auth/session')));
    } catch (thrown) {
      const error = asError(thrown);
      if (error.status === 401) this.state = (await this.#needsOwner()) ? 'setup' : 'out';
      else [this.failure, this.state] = [error, 'unreachable'];
    }
  }

  async signIn(email: string, password: string): Promise<void> {
    this.#begin(await ask(api.POST('/v1/auth/sign-in', { body: { email, password } })));
  }

  async createOwner(owner: { token: string; email: string; name: string; password: string }): Promise<void> {
    this.#begin(await ask(api.POST('/v1/setup', { body: owner })));
  }

  /** A member's account, with the token of an invite, or without one where anybody may join. */
  async join(member: { token?: string; email: string; name: string; password: string }): Promise<void> {
    this.#begin(await ask(api.POST('/v1/auth/sign-up', { body: member })));
  }

  /** Another password, with the token of a reset link. */
  async resetPassword(token: string, password: string): Promise<void> {
    this.#begin(await ask(api.POST('/v1/auth/reset', { body: { token, password } })));
  }

  /** Another password; every other session ends, and this page goes on with a new one. */
  async changePassword(current_password: string, password: string): Promise<void> {
    this.#begin(await ask(api.POST('/v1/auth/password', { body: { current_password, password } })));
  }

  /** The owner's part goes to somebody else; this page goes on as a member. */
  async handOver(member_id: string, password: string): Promise<void> {
    this.#begin(await ask(api.POST('/v1/admin/hand-over', { body: { member_id, password } })));
  }

  /** Another name, or another address to sign in with, which takes the password. */
  async change(to: { name?: string; email?: string; current_password?: string }): Promise<void> {
    this.account = await ask(api.PATCH('/v1/account', { body: to }));
  }

  /** Ends this account for good. */
  async close(password: string): Promise<void> {
    await ask(api.DELETE('/v1/account', { body: { password, confirm: 'DELETE' } }));
    this.#end(false);
  }

  async signOut(): Promise<void> {
    await ask(api.POST('/v1/auth/sign-out', { body: {} }));
    this.#end(false);
  }

  /** Reads the balance again; the event stream keeps it fresh afterwards. */
  async refreshBalance(): Promise<void> {
    this.balance = await ask(api.GET('/v1/balance'));
  }

  async refreshAccount(): Promise<void> {
    this.account = await ask(api.GET('/v1/account'));
  }

  #begin(session: Session): void {
    setCsrfToken(session.csrf_token);
    this.account = session.account;
    this.isExpired = false;
    this.failure = null;
    this.state = 'in';
  }

  #end(isExpired: boolean): void {
    if (this.state !== 'in') return;
    setCsrfToken(null);
    this.account = null;
    this.balance = null;
    this.isExpired = isExpired;
    this.state = 'out';
  }

  /** The setup endpoint answers to this computer only; elsewhere it is as if it were not there. */
  async #needsOwner(): Promise<boolean> {
    try {
      return (await ask(api.GET('/v1/setup'))).needs_owner;
    } catch {
      return false;
    }
  }
}

export const session = new SessionStore();
