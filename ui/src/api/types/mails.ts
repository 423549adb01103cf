// Mails and the outbox, as the owner sees them.

export type MailStatus = 'pending' | 'sent' | 'outbox' | 'failed';

/** A mail as the owner sees it; the text of one that was sent is gone. */
export interface Mail {
  id: string;
  to: string;
  reply_to: string | null;
  subject: string;
  text: string;
  status: MailStatus;
  attempt: number;
  error: string | null;
  created_at: string;
  next_attempt_at: string | null;
  sent_at: string | null;
}

export interface Outbox {
  data: Mail[];
  next_cursor: string | null;
  /** Where mails are handed over; null where they wait here to be passed on. */
  mail_server: string | null;
}
