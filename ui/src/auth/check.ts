// What a form may say before it asks the server.

const ADDRESS = /^[^\s@]+@[^\s@]+$/;

export const isAddress = (typed: string): boolean => ADDRESS.test(typed.trim());
