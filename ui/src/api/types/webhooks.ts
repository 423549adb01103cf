// Webhooks and their deliveries.

export interface Webhook {
  id: string;
  url: string;
  events: string[];
  description: string;
  enabled: boolean;
  created_at: string;
  last_delivery_at: string | null;
  consecutive_failures: number;
  disabled_reason: string | null;
}

export interface NewWebhook extends Webhook {
  secret: string;
}

export type DeliveryStatus = 'pending' | 'retrying' | 'delivered' | 'failed';

export interface Delivery {
  id: string;
  event: string;
  status: DeliveryStatus;
  attempt: number;
  max_attempts: number;
  response_status: number | null;
  error: string | null;
  duration_ms: number | null;
  created_at: string;
  next_attempt_at: string | null;
  delivered_at: string | null;
  payload: { event: string; data: Record<string, unknown> };
}
