// Texts of the support page.
export const support = {
  title: 'Support',
  lead: { owner: 'What people write here comes to you, by mail or in the outbox.', member: 'Write to the owner of this FastClip.' },
  kind: 'What is it about',
  kinds: { support: 'A question or a problem', feature: 'An idea' },
  subject: 'Subject',
  subjectPlaceholder: { support: 'A clip ends too early', feature: 'Export as WebM' },
  message: { support: 'What happened, and what did you expect?', feature: 'What would you do with it?' },
  email: 'Answer to',
  send: 'Send',
  sent: { title: 'Sent', hint: (ticket: string) => `It is kept as ${ticket}.`, another: 'Write another' },
} as const;
