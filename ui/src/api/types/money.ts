// Balances, deposits, cards, reloads, storage and usage.

export interface Balance {
  balance: number;
  reserved: number;
  currency: 'usd';
  has_paid_deposit: boolean;
  first_topup_bonus_available: boolean;
  low_balance_threshold: number;
}

export type PayWay = 'manual' | 'stripe' | 'btcpay';

export interface PayWays {
  providers: PayWay[];
  instructions: string;
  stripe_publishable_key?: string;
  stripe_js?: string;
}

export interface Deposit {
  attempt_id: string;
  provider: PayWay;
  method: 'deposit' | 'reload';
  status: string;
  amount: number;
  bonus: number;
  /** What went back to who paid it. */
  refunded: number;
  error: string | null;
  created_at: string;
}

/** A deposit just begun: by hand it has instructions, by card what Stripe's form needs. */
export interface DepositBegun extends Deposit {
  instructions?: string;
  client_secret?: string;
  publishable_key?: string;
}

export interface DepositDone {
  attempt_id: string;
  status: string;
  amount: number;
  bonus: number;
  balance: number;
}

export interface Invoice {
  attempt_id: string;
  invoice_id: string;
  checkout_link: string;
  status: string;
  expires_at: string;
  amount: number;
}

export interface Card {
  payment_method_id: string;
  brand: string;
  last4: string;
  exp_month: number;
  exp_year: number;
  is_default: boolean;
}

export interface ReloadSettings {
  enabled: boolean;
  email_confirmation: boolean;
  has_reload_password: boolean;
  email: string;
  low_balance_threshold: number;
}

export interface ReloadSettingsAsk {
  enabled?: boolean;
  email_confirmation?: boolean;
  reload_password?: string | null;
  low_balance_threshold?: number;
  current_password?: string | null;
}

export interface Storage {
  quota_bytes: number;
  used_bytes: number;
  temporary_bytes: number;
  purchased_gb: number;
  included_gb: number;
  packages: { gb: number; price: number }[];
  custom_price_per_gb: number;
}

export interface UsageSums {
  count: number;
  cost: number;
  seconds: number;
}

export interface Usage {
  from: string;
  to: string;
  total_cost: number;
  count: number;
  operations: (UsageSums & { operation: string })[];
  daily: (UsageSums & { date: string })[];
  api_keys: (UsageSums & { key_id: string | null; name: string })[];
}

export interface UsageOfAll {
  from: string;
  to: string;
  total_cost: number;
  accounts: (UsageSums & { account_id: string; name: string; email: string; is_closed: boolean; is_covered: boolean })[];
}

/** A deposit as the owner's desk shows it. */
export interface DeskDeposit extends Deposit {
  account_id: string;
  email: string;
  name: string;
  paid_amount: number;
  is_waiting: boolean;
  decided_as: 'paid' | 'grant' | 'rejected' | null;
}
