/** Which drawings suit which family of pictures. */
import { bars, confetti, embrace, rays, rings, stripes, tiles, waves } from "./patterns.js";
import {
  balloons, blinds, bunting, claws, desert, eye, magic, orbits, peaks, road, sail, skyline, smile, tree,
} from "./scenery.js";

export const MOTIFS = {
  action: [rays, stripes, skyline, road],
  adventure: [peaks, sail, rays, road],
  comedy: [confetti, balloons, smile, bunting],
  crime: [blinds, skyline, rings],
  documentary: [tiles, road, tree],
  drama: [waves, tiles, tree, skyline, road],
  fantasy: [magic, magic, peaks, tree],
  horror: [claws, claws, eye, tree],
  music: [bars, bars, confetti],
  mystery: [rings, eye, blinds, orbits],
  romance: [embrace, waves, tree, balloons],
  science: [orbits, orbits, rings, skyline],
  thriller: [rings, blinds, stripes, skyline, eye],
  war: [stripes, skyline, rays],
  western: [desert, desert, road],
  other: [tiles, waves, rays],
};
