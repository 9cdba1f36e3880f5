"""Words that titles and names are made of. Nouns stand under one genre only and form their plural with an s."""

NOUNS = {
    "Action": "Bullet Convoy Trigger Blade Getaway Fist Commando Detonator Showdown Mercenary "
    "Target Ambush Warrior Hammer Ricochet Fugitive Gauntlet Countdown Bodyguard Striker",
    "Adventure": "Compass Expedition Treasure Voyage Lagoon Summit Caravan Pirate Jungle Lantern "
    "Harbor Explorer Canyon Sail Temple Anchor Glacier Raft Safari Wanderer",
    "Animation": "Robot Penguin Dragonfly Toymaker Acorn Firefly Teapot Hedgehog Balloon Tadpole "
    "Snowman Pebble Owl Whisker Cupcake Otter Raindrop Turtle Beetle Pinwheel",
    "Comedy": "Wedding Neighbor Roommate Bachelor Honeymoon Waiter Landlord Divorce Barbecue Weekend "
    "Reunion Nanny Substitute Plumber Vacation Tuxedo Bridesmaid Lottery Chaperone Karaoke",
    "Crime": "Heist Gangster Alibi Racket Syndicate Informer Getaway-Driver Forger Hitman Bookmaker "
    "Safecracker Precinct Ransom Smuggler Verdict Hustler Mobster Felon Warrant Pickpocket",
    "Documentary": "Archive Portrait Glassmaker Orchard Factory Courtroom Migration Lighthouse Kitchen River "
    "Beekeeper Stadium Photograph Classroom Reef Newsroom Market Cathedral Vineyard Interview",
    "Drama": "Daughter Confession Silence Sister Inheritor Winter Letter Stranger Mother Farewell "
    "Piano Father Season House Promise Window Teacher Bridge Secret Garden",
    "Family": "Puppy Kite Grandfather Treehouse Pony Summer-Camp Lemonade-Stand Kitten Bicycle Scout "
    "Schoolyard Goldfish Parade Sandcastle Babysitter Playground Marble Birthday Snowball Carousel",
    "Fantasy": "Dragon Sorcerer Kingdom Amulet Unicorn Enchanter Throne Goblin Crown Oracle "
    "Wizard Chalice Griffin Spell Realm Elf-Queen Scepter Phoenix Talisman Giant",
    "History": "Emperor Cartographer Revolution Queen Senator Plague Chronicle Dynasty-Builder Explorer-King Abbot "
    "Republic Monarch Conqueror Regent Scribe Treaty Pharaoh Ambassador Cardinal Tsar",
    "Horror": "Cellar Ghost Scream Vampire Grave Demon Shadow Doll Nightmare Coffin "
    "Possession Corpse Attic Phantom Butcher Crypt Omen Poltergeist Scarecrow Werewolf",
    "Musical": "Melody Serenade Tango Ballroom Orchestra Spotlight Waltz Chorus Encore Trumpet "
    "Ballad Cabaret Rhythm Refrain Saxophone Tap-Dancer Songbird Overture Fiddler Nightclub",
    "Mystery": "Cipher Riddle Clue Detective Manuscript Locket Inspector Disappearance Portrait-Painter Alcove "
    "Visitor Mirror Keyhole Lodger Suspect Puzzle Labyrinth Séance Footprint Telegram",
    "Romance": "Kiss Valentine Sweetheart Heartbeat Sunset Rose Lover Embrace Affair Moonbeam "
    "Engagement Suitor Bouquet Rendezvous-Point Summer Crush Proposal Whisper Soulmate Blossom",
    "Sci-Fi": "Orbit Android Galaxy-Drifter Wormhole Starship Colony-Ship Nebula Clone Satellite Reactor "
    "Cosmonaut Paradox Hologram Asteroid Quasar Signal Machine Outpost Timeline Mutant",
    "Thriller": "Witness-Box Deadline Conspiracy-Hunter Hostage Impostor Stalker Safehouse Wiretap Assassin Informant "
    "Blackout Pursuit Passenger Double-Agent Surveillance-Tape Defector Captive Sniper Cover-Up Trap",
    "War": "Trench Regiment Soldier Battalion Bunker Deserter Medic Bomber Brigade Barricade "
    "Lieutenant Siege Minefield Sergeant Flag Convoy-Leader Armistice-Day Bugle Platoon Frontline",
    "Western": "Sheriff Outlaw Saloon Stagecoach Gunslinger Ranch Prairie Drifter Mustang Marshal "
    "Posse Frontier Lasso Homestead Cowboy Bounty Rustler Saddle Wagon Silver-Mine",
}

ADJECTIVES = (
    "Silent Crimson Broken Hidden Golden Lonely Midnight Distant Burning Frozen Restless Quiet Savage Gentle Hollow "
    "Bitter Electric Forgotten Northern Southern Velvet Paper Iron Glass Wild Borrowed Stolen Endless Perfect "
    "Dangerous Reluctant Invisible Ordinary Impossible Scarlet Emerald Amber Pale Bright Crooked Sleepless Wandering "
    "Faithful Fallen Ancient Second Final First Secondhand Accidental Royal Humble Secret Lucky Unlucky Honest Wicked "
    "Tender Furious Patient Curious Brave Clever Desperate Fearless Foolish Grateful Hungry Jealous Kind Lost Merry "
    "Naked Noble Obedient Painted Quick Rebel Rusty Sacred Shattered Sudden Tangled Thirteenth Unfinished Vanishing "
    "Weary Whispering Winding Wounded Young Zealous"
)

THINGS = (
    "Sea Moon Clock Road River-Bank Mountain Storm Fire Snow Wind Mask Key Knife Book Song Dream Map Door Island "
    "Forest Wolf Raven Lion Fox Tiger Sparrow Horse Spider Whale Rabbit Sun Star Rain Dust Salt Bell Ring Sword "
    "Feather Thread Well Tower Ladder Drum Candle Coin Stone Shoe Boat Train"
)

PLACES = (
    "Lisbon Havana Kyoto Marrakesh Naples Odessa Tangier Vienna Shanghai Bombay Cairo Dublin Istanbul Prague Lagos "
    "Lima Manila Nairobi Oslo Paris Quito Rome Samarkand Tbilisi Utrecht Venice Warsaw Xanadu Yalta Zanzibar "
    "Alexandria Boston Chicago Dakar Edinburgh Florence Geneva Hanoi Jakarta Kraków London Madrid Nashville Oaxaca "
    "Patagonia Rio Seville Taipei Ulster Valencia Winnipeg Yerevan Zagreb Athens Bogotá Casablanca Damascus Seoul "
    "Texas Montana Memphis Brooklyn Burma Ceylon Siberia Alaska Bruges Cordoba Delhi Trieste"
)

NUMBERS = "Two Three Four Five Six Seven Eight Nine Ten Eleven Twelve Thirteen Twenty Forty A-Hundred A-Thousand"

VERBS = "Falls Sings Burns Sleeps Dances Breaks Returns Wakes Lies Waits Laughs Weeps Turns Vanishes Answers Listens"

GIVEN_NAMES = (
    "Ada Adrian Agnes Ahmed Aiko Alba Alma Amara Amir Ana Andrei Anika Arjun Astrid Aziz Bao Beatriz Benoit Bianca "
    "Bruno Camila Carlos Cecilia Chen Chiara Clara Claude Cyrus Dalia Daniel Daria David Delphine Diego Dmitri "
    "Eduardo Elena Elias Elif Emil Emma Enzo Erik Esther Eva Farah Felix Fiona Flora Frida Gabriel George Giulia "
    "Grace Greta Hana Harold Hassan Helena Henrik Hiro Hugo Ida Ilya Imani Ines Ingrid Irene Isaac Ivan Jada James "
    "Javier Jin Joan Joaquin Johanna Julian Kai Karim Kateryna Kenji Kwame Laila Lars Laura Leo Lina Louis Lucia Luis "
    "Magnus Malik Marcel Margot Maria Marta Mateo Maya Mei Mikhail Mina Mohan Nadia Naomi Nina Noah Nora Oksana Olga "
    "Omar Oscar Otto Pablo Paloma Paul Petra Priya Quentin Rafael Raj Rania Renata Rosa Ruth Samir Sana Sara Sofia "
    "Soren Stella Sven Tadeusz Tara Teresa Theo Thomas Tomás Uma Ursula Valentina Vera Victor Vikram Walter Wei Wendy "
    "Xavier Yara Yasmin Yuki Yusuf Zainab Zoe"
)

FAMILY_NAMES = (
    "Abbott Abe Acosta Adeyemi Ahlberg Akhtar Alvarez Amado Andersen Aoki Arslan Ashworth Baker Bakshi Banerjee "
    "Baptiste Barros Bauer Becker Bellini Benitez Bergström Bianchi Blanchard Borges Boudreau Brandt Brennan Bui "
    "Cabrera Caldwell Campos Cardoso Carver Castellano Cavendish Cervantes Chadha Chandra Chavez Choi Clarke Cohen "
    "Conti Cortez Costa Cruz Dalgaard Daly Danso Delacroix Demir Desai Diallo Dietrich Dubois Dumont Duval Eklund "
    "Elliott Endo Engel Erdem Espinoza Falk Farouk Fernandes Ferraro Fischer Fitzgerald Fontaine Forsberg Foster "
    "Fujita Gallagher Garcia Gauthier Ghosh Giordano Goldberg Gomez Graham Greenwood Grossman Guerrero Gupta Haas "
    "Haddad Hagen Halvorsen Hansen Harper Hartmann Hassan Hayashi Hernandez Hoffmann Holm Horvath Hughes Huang "
    "Ibrahim Ikeda Ivanov Iyer Jablonski Jackson Jansen Jensen Jiménez Johansson Joshi Kamara Kapoor Karlsson Kato "
    "Kaur Keller Khan Kim Kimura Kovač Kowalski Kruger Kumar Lambert Landau Larsen Laurent Lefebvre Lehmann Leone "
    "Levy Li Lind Lombardi Lopez Lund Ma MacKenzie Malhotra Mancini Marchetti Marino Marquez Martin Mbeki Medina "
    "Mehta Mendoza Meyer Miyamoto Mohamed Molina Monroe Moreau Moreno Morita Mukherjee Müller Murphy Nakamura Navarro "
    "Ndiaye Nguyen Nielsen Novak Nuñez Nyström O'Brien O'Connor Ochoa Okafor Okoye Olsen Ono Ortega Osei Ozturk "
    "Palmer Papadopoulos Park Patel Pavlov Pereira Petrov Pham Popescu Quinn Ramirez Rao Rasmussen Reyes Ricci "
    "Richter Rivera Roberts Romano Rossi Rousseau Ruiz Russo Sahin Saito Salazar Sanchez Sandoval Santos Sato Schmidt "
    "Schneider Sen Serrano Shah Sharma Silva Singh Sokolov Soto Sousa Stein Suzuki Svensson Takeda Tan Tanaka Taylor "
    "Thompson Torres Tran Turner Vargas Vasquez Vega Vogel Volkov Wagner Walsh Wang Weber Wójcik Wolf Wong Wright "
    "Yamada Yang Yilmaz Zamora Zhang Zhou Ziegler"
)
