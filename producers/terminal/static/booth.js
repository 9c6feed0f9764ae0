// What the page knows about its place: the card of the terminal program.
export const booth = { card: { exhibits: [], sections: [], currencies: [], kinds: [] } };
