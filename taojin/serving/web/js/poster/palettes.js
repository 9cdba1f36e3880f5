/** Colours of posters by genre: upper and lower background, three accents, and what is written in. */
import { turned } from "./colour.js";

const palette = (top, bottom, one, two, three, text) => ({ top, bottom, accents: [one, two, three], text });

const LIGHT = "#fdf6e7";
const DARK = "#241c15";

const NIGHT = palette("#1b2340", "#0d1020", "#4e6cc4", "#e9d8a6", "#8a4fbf", LIGHT);
const SUNSET = palette("#f6c177", "#d9603b", "#7d2e4d", "#f9e2b8", "#3d1f3d", LIGHT);
const PAPER = palette("#f4e9d3", "#e8d4ad", "#b5502f", "#2f5d62", "#dfa53a", DARK);

const PALETTES = {
  action: [palette("#e4572e", "#7c1d1d", "#ffc857", "#2e1114", "#f59b45", LIGHT), palette("#22304a", "#0f1626", "#ff6b35", "#f7c59f", "#ef233c", LIGHT)],
  adventure: [palette("#f2c57c", "#c9713a", "#35605a", "#6b818c", "#1f3a3d", LIGHT), palette("#a9d6e5", "#2a6f97", "#014f86", "#f4d58d", "#bf5b2c", LIGHT)],
  comedy: [palette("#ffe08a", "#ffb84d", "#e4572e", "#17a398", "#ffffff", DARK), palette("#ffd6e0", "#ff99ac", "#7161ef", "#fff3b0", "#ef476f", DARK), palette("#d8f3dc", "#95d5b2", "#ff7b54", "#ffd56b", "#2d6a4f", DARK)],
  crime: [palette("#3b3f46", "#15171a", "#c9a227", "#8f939a", "#7a1f1f", LIGHT), palette("#5a2a27", "#1e0f0f", "#d9a05b", "#b3b3b3", "#a63d40", LIGHT)],
  documentary: [PAPER, palette("#dfe7e3", "#a3b8b0", "#1d5c63", "#d1603d", "#f2e3bc", DARK)],
  drama: [palette("#c9b8a8", "#6b4f4f", "#3a2e39", "#f1dac4", "#a26769", LIGHT), palette("#87a8c4", "#2b3a55", "#ce7777", "#f2e5d7", "#1c2740", LIGHT), palette("#d8a48f", "#7a4b4b", "#efe9db", "#3b2b3a", "#bb8588", LIGHT)],
  fantasy: [palette("#8e7dbe", "#33265c", "#f1c0e8", "#ffd670", "#1d1437", LIGHT), palette("#5fa8a0", "#12373c", "#ffe8a3", "#b8e0d2", "#0b2529", LIGHT)],
  horror: [palette("#2a0a0f", "#080405", "#a4161a", "#e5383b", "#5c0b10", LIGHT), palette("#28332b", "#0a0f0b", "#7f9c5a", "#d4d700", "#141f17", LIGHT)],
  music: [palette("#3d1a5b", "#150726", "#f72585", "#4cc9f0", "#ffd166", LIGHT), palette("#f7b267", "#e0524a", "#432371", "#fff1d0", "#2a1145", LIGHT)],
  mystery: [NIGHT, palette("#24555c", "#0b2226", "#e0b973", "#6aa5a9", "#123b41", LIGHT)],
  romance: [palette("#f9c6d0", "#d4587a", "#fff0f3", "#8f2d56", "#f28482", LIGHT), SUNSET],
  science: [palette("#1f2a5c", "#0a0d24", "#38bdf8", "#f4a261", "#c084fc", LIGHT), palette("#2b1e4f", "#0b0820", "#f472b6", "#67e8f9", "#fde68a", LIGHT)],
  thriller: [palette("#2d3748", "#0d1117", "#e0a458", "#dbe2ea", "#9b2226", LIGHT), palette("#37515f", "#101a20", "#c7f0bd", "#e3655b", "#5b8e7d", LIGHT)],
  war: [palette("#8a8055", "#33321f", "#c8553d", "#d9c9a3", "#20211a", LIGHT), palette("#66717a", "#23292e", "#b23a48", "#c9cdd1", "#14181b", LIGHT)],
  western: [palette("#f4a259", "#bc4b31", "#5b2a1f", "#f8dda4", "#8c3b27", LIGHT), palette("#e9c46a", "#b1602f", "#4a2618", "#f7e7bd", "#7d3c22", LIGHT)],
  other: [PAPER, SUNSET, palette("#cfe1e8", "#7ba7bc", "#1f4e5f", "#f2d388", "#c65d3b", DARK)],
};

/** Genre of a catalogue -> family of pictures. */
const FAMILIES = {
  Action: "action", Adventure: "adventure", Animation: "comedy", Biography: "documentary", Children: "comedy",
  "Children's": "comedy", Comedy: "comedy", Crime: "crime", Documentary: "documentary", Drama: "drama", Family: "comedy",
  Fantasy: "fantasy", "Film-Noir": "crime", History: "documentary", Horror: "horror", IMAX: "adventure", Music: "music",
  Musical: "music", Mystery: "mystery", Romance: "romance", "Sci-Fi": "science", Sport: "action", Thriller: "thriller",
  War: "war", Western: "western",
};

/** The families of an item's genres that are known, never empty. */
export function families(genres) {
  const known = genres.map((genre) => FAMILIES[genre]).filter(Boolean);
  return known.length ? known : ["other"];
}

export const palettes = (family) => PALETTES[family];

/** The palette with every hue turned by some degrees; what is written in stays. */
export function shifted({ top, bottom, accents, text }, degrees) {
  const turn = (colour) => turned(colour, degrees);
  return { top: turn(top), bottom: turn(bottom), accents: accents.map(turn), text };
}
