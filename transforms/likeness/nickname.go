package likeness

import "strings"

// everydayForms lists given names with the forms that people use every day, one person's names on a line. A form may
// stand on several lines (Jussi is short for Juhani and for Johannes); two names of one line are not the same name when
// both are formal, so that the formal ones stand before the bar.
const everydayForms = `
aleksander aleksanteri aleksandra alexander alexandra|aleksi alex ale santeri santtu sandra sanna lexa
anna anne anneli annikki annika annukka|anni annu anu anska ansku
antero|antti ante
antti andreas|antsa antza
arttu artturi arthur|artsi arska art
aurora|rora aura auri
benjamin|ben benkku benny
birgit birgitta|pirkko biggi gitta
charlotta charlotte lotta|lotta lotte charlie
christian kristian|kris krisu chris
christina kristiina kristina kirsi|kirsi kirsti krista kiki stina tiina tina chris
daniel daniela|dani dan danny
edvard eduard|eetu edi ed eddie
elina eliina helena heleena|eeli elli ellu hely leena lena nelli helli
elisabet elisabeth elisa eliisa elizabeth|elisa eliisa liisa lisa elli betty beth liz bettina elise lissu
emilia emma amelia|emma emmi milla emppu millie ems
erik eerik eric|eero eki erkki ekku
fredrik frederik|fredi fredu fred freddie
gabriel gabriela gabriella|gabi gabe ella
hannele|hanne hannu
hannes johannes juhani juhana johan john|jussi juha juho jukka juuso hannu hannes janne jan jani johnny jack jon jokke jussu
heikki henrik henri henrikki henry|hessu heka heikka heke henkka henri henna hank harry
ilkka ilmari|ilkka imppu ile
ismo|ise
jaakko jakob jacob james|jaska jake jim jimmy jamie jaakoppi
jarmo jari jarkko|jarska jartsa jare
joel|jolle
johanna johanne joanna|hanna hannele jonna jossu jojo jo joan
joonas jonas jonathan|joni jonttu jon nate
josefiina josefina josefin joosefiina|fiina josse fina jose
joseph josef joosef|joe jope jooseppi
julia juulia juliana|jullu julle jules
kaarina karin karina|kaija kaisa kaarin karita rina
kalevi|kalle kale
karl kaarle carl charles|kalle kale charlie chuck calle
katariina katarina katriina catharina katharina catherine katherine kaarina|kaisa katri kati katja kata kaija katrin riina rina kate kathy kat trina
kimmo|kimi kimppa
konstantin konstantinos|kosti kostas
lars lauri lasse|lasse late lassi
liisa|lissu liisu
ludvig ludwig|lude ludde lutz
magdalena magdaleena matleena|leena lena malena mallu
margareta margareeta marketta margit margaret marjatta|reeta reetta greta meeri maggie meg maija marju marjo retu peggy
maria marja mari|maija maiju maikki mari marja maarit mia masa mary mimmi
markku markus marko marcus mark|make markka masa mara
martti martin|mara martsa marty
matilda mathilda|tilda tilde
matias mathias matthias matti matthew|matti masa mati matte matt
mauri maurits|mauno masa
michael mikael mikko|mika mikko mike miika miikka micke mick miksu
mohammed muhammad mohamed|mo
nathalie natalia natalie|natta nat tasha
nicholas nikolai niklas nicolas|niko nick nik klaus nikke nicke
olavi olof|olli ola ole
oliver olivia|olli ollie liv livia
paavo paul paavali pauli|pave pali
pentti bengt|pena benkku
per peter petri petteri pekka|pekka petri pete petja petter pelle
rafael|rafa raffe
rebecca rebekka|bekka becky reba
reijo|reiska
richard rikhard|riku rikki rick dick rich
robert robin|robi roope bob rob bobby robbie
samuel samuli|sami samu sam samppa
sebastian|sebu basti seb
sofia sophia|sohvi soffi fia sonja sophie
stefan stephan steven stephen|steve stefu teppo tapani
susanna susanne|sanna sanni susa susan susu sue suski
taina|taikku
tapani tapio|tapsa tappi
teemu|teme
theodor teodor|teo teddy ted
theresa teresa terese|tessa terhi resa
thomas tuomas tomas|tomi tommi tom tuomo tuomi
timo timothy|timppa tim
tobias|tobi tobbe
valdemar|valtteri valle
valtteri walter|valtsu valde
veli|vellu
vilhelm vilhelmi william wilhelm vilhelmiina|ville viljami vili will bill willy liam mina minna viljo
vilhelmiina wilhelmina|mina minna viivi
viktor victor viktoria victoria|vikke vicke viki vicky tori
viljami|ville vili
yrjo george georg|yka yrkki
`

// lines says on which lines of everydayForms a name stands: line n is 2n where the name is formal and 2n+1 where it is an
// everyday form; the rest is -1.
type lines [8]int16

// everydayIndex gives the lines of each name of everydayForms. It does not change.
var everydayIndex = func() map[string]*lines {
	out := map[string]*lines{}
	add := func(words string, line int) {
		for _, w := range strings.Fields(words) {
			l := out[w]
			if l == nil {
				l = &lines{-1, -1, -1, -1, -1, -1, -1, -1}
				out[w] = l
			}
			for i := range l {
				if l[i] < 0 {
					l[i] = int16(line)
					break
				}
			}
		}
	}
	for n, line := range strings.Split(strings.TrimSpace(everydayForms), "\n") {
		formal, everyday, _ := strings.Cut(line, "|")
		add(formal, 2*n)
		add(everyday, 2*n+1)
	}
	return out
}()

// everyday tells whether one of two names is an everyday form of the other.
func everyday(a, b string) bool {
	x := everydayIndex[a]
	if x == nil {
		return false
	}
	y := everydayIndex[b]
	if y == nil {
		return false
	}
	for _, m := range x {
		for _, n := range y {
			if m >= 0 && m^n == 1 {
				return true
			}
		}
	}
	return false
}
