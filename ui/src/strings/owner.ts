// Texts of the owner's desk.
export const owner = {
  title: 'Owner’s desk',
  pages: { health: 'Health' },
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
