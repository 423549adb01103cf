// Texts of the owner's desk.
export const owner = {
  title: 'Owner’s desk',
  pages: { health: 'Health', deposits: 'Deposits' },
  deposits: {
    title: 'Deposits',
    lead: 'Money that people say they paid you. Approve it when it has come.',
    waiting: 'Waiting',
    all: 'All',
    paid: 'Approve as paid',
    asGrant: 'As a gift',
    grantHint: 'Adds the amount without bonus; it does not count as a paid deposit and opens no 4K.',
    asGift: 'Gift',
    reject: 'Reject',
    approved: (amount: string, name: string) => `${amount} added to ${name}’s balance`,
    rejected: 'Deposit rejected',
    rejectTitle: (amount: string, name: string) => `Reject ${amount} from ${name}?`,
    reason: 'Reason',
    reasonHint: 'Shown to them, such as “The transfer has not arrived”.',
    empty: {
      waiting: { title: 'Nothing waits for you', hint: 'Deposits by hand show up here.' },
      all: { title: 'No deposits yet', hint: 'Every deposit of everybody shows up here.' },
    },
    failed: 'The deposits could not be read',
    giveTitle: 'Give a balance',
    giveLead: 'A gift spends like money, but earns no bonus and opens no 4K.',
    email: 'Email of the person',
    amount: 'Dollars',
    give: (amount: string) => `Give ${amount}`,
    granted: (amount: string, email: string) => `${amount} given to ${email}`,
  },
  health: {
    title: 'Health',
    looking: 'Looking at this machine',
    lead: (wrong: number) =>
      wrong === 0
        ? 'Everything that FastClip needs is here and works.'
        : wrong === 1
          ? 'One thing needs a look; it stands first.'
          : `${wrong} things need a look; they stand first.`,
    failed: 'This machine could not be looked at',
    again: 'Check again',
    names: {
      'data folder': 'Data folder',
      disk: 'Disk',
      hardware: 'Graphics hardware',
      interface: 'Pages',
      python: 'Python',
      secrets: 'Secrets',
      speech: 'Speech',
      sqlite: 'SQLite',
      window: 'Window',
      worker: 'Worker',
    } as Record<string, string>,
    states: { ok: 'Fine', warn: 'Needs a look', fail: 'Does not work' },
  },
} as const;
