// Stands in for the part of JASSUB that would look fonts up on the web: here they are all our own.
export const queryRemoteFonts = (): Promise<never[]> => Promise.resolve([]);
