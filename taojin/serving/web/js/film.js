/** What the pages show of an item, wherever it comes from. */

/** Fields of the catalogue that cards show. */
export const CARD_FIELDS = ["genres", "year"];

/** An item of any answer with its genres and year at hand. */
export function film({ id, title, fields, reason = null, channels = [] }) {
  const genres = fields.genres ?? [];
  return { id, title: title || id, genres: genres.filter((genre) => !genre.startsWith("(")), year: fields.year ?? null, fields, reason, channels };
}

export const link = (id) => `#/item/${encodeURIComponent(id)}`;
export const genreLink = (genre) => `#/genre/${encodeURIComponent(genre)}`;
