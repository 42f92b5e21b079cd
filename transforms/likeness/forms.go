package likeness

// everydayForms lists given names with the forms that people use every day, one person's names on a line. A form may
// stand on several lines (Jussi is short for Juhani and for Johannes); two names of one line are not the same name when
// both are formal, so that the formal ones stand before the bar.
const everydayForms = `
abigail|abby abbie gail
adam|ad
agneta|neta agge
albert alberto|bert bertie al albin
aleksander aleksanteri aleksandra alexander alexandra|aleksi alex ale santeri santtu sandra sanna lexa
alfred alfredo|alf fred alffe freddy
alice|ali allie
amanda|mandy mandi manda
anders|ante andy
andrew|andy drew
anna anne anneli annikki annika annukka|anni annu anu anska ansku
annika|ann anni
antero|antti ante
anthony antonio antonia|tony toni ant
antti andreas|antsa antza
archibald archie|archie
arttu artturi arthur|artsi arska art
asta|assu
astrid|assi asta
aurora|rora aura auri
barbara|barb barbie babs
bartholomew|bart
beatrice beatrix|bea trixie bee
benjamin|ben benkku benny
bernard|bernie
birgit birgitta|pirkko biggi gitta
bjorn|nalle bjarne
bradley|brad
bridget|bridie biddy
calvin|cal
cameron|cam
camilla kamilla|milla cami mille kami
carolina caroline karolina karoliina|lina carro caro carrie iina line
cassandra|cass cassie sandra
cecilia sesilia|cilla cissi celia sissi
charlotta charlotte lotta|lotta lotte charlie
chelsea|chels
christian kristian|kris krisu chris
christina kristiina kristina kirsi|kirsi kirsti krista kiki stina tiina tina chris
clara klaara|clary
clifford|cliff
cornelius|neil
curtis|curt
daniel daniela|dani dan danny
david daavid|dave davy taavi taavetti
deborah debra|deb debbie
dennis|denny den
derek|del
dominic dominick|dom nick
donald|don donnie
dorothy dorothea|dot dottie dolly thea dora
douglas|doug
edgar|ed
edith|edie edit
edmund|ed ned ted
edvard eduard|eetu edi ed eddie
edward|ed eddie ted ned teddy
eleanor eleonora elinor|ellie nell nora ella elle lenni
elias|eelis eeli
elina eliina helena heleena|eeli elli ellu hely leena lena nelli helli
elisabet elisabeth elisa eliisa elizabeth|elisa eliisa liisa lisa elli betty beth liz bettina elise lissu
ellen|elli nell ellie
emanuel emmanuel|manne manny
emilia emma amelia|emma emmi milla emppu millie ems
emily|em emmy millie
erik eerik eric|eero eki erkki ekku
eugene|gene
eva eeva|eevi evi eve
eveliina evelina evelyn|eve eevi lina evie iina
florence|flo florrie
frances francis|fran frank frankie fanny
francisco|paco pancho
franklin|frank
frederick|fred freddie freddy
fredrik frederik|fredi fredu fred freddie
gabriel gabriela gabriella|gabi gabe ella
geoffrey jeffrey|geoff jeff
gerald gerard jerome|gerry jerry
gilbert|gil bert
grace|gracie
gregory|greg
guillermo|memo
gunilla|nilla gun
gustav gustaf kustaa|gurra gusse gus kusti
hakan|hacke
hannele|hanne hannu
hannes johannes juhani juhana johan john|jussi juha juho jukka juuso hannu hannes janne jan jani johnny jack jon jokke jussu
harold|harry hal
harriet|hattie
heikki henrik henri henrikki henry|hessu heka heikka heke henkka henri henna hank harry
helen|nell nellie
helge|helle
helmi|hellu
henriette henrietta henriikka|jette etta henna riikka
herbert|herb bert bertie
hilda hildur|hilla
howard|howie
hugo|hugge
ida iida|ida
ilkka ilmari|ilkka imppu ile
immanuel|manu immu
ingeborg|inga inger
ingrid|inga
inkeri|inka inkku
irene|rene ira
irmeli|irma
isaac iisakki|ike isak iikka
isabella isabel isabelle|bella izzy issy bel belle ella
ismo|ise
ivar iivari|iikka
jaakko jakob jacob james|jaska jake jim jimmy jamie jaakoppi
jacqueline|jackie
jarkko|jartsa
jarmo jari jarkko|jarska jartsa jare
jasmine|jas jazz
jennifer|jen jenny jenni
jeremy jeremiah|jerry jem
jessica|jess jessie
joakim joachim jooakim|jocke kim kimi jokke
joan joanna|jo joanie
joel|jolle
johanna johanne joanna|hanna hannele jonna jossu jojo jo joan
joonas jonas jonathan|joni jonttu jon nate
jordan|jordy
jorgen|jorre
jorma|jomppa
josefiina josefina josefin joosefiina|fiina josse fina jose
joseph josef joosef|joe jope jooseppi
joshua|josh
judith|judy jude judi
julia juulia juliana|jullu julle jules
kaarina karin karina|kaija kaisa kaarin karita rina
kalevi|kalle kale
karl kaarle carl charles|kalle kale charlie chuck calle
katariina katarina katriina catharina katharina catherine katherine kaarina|kaisa katri kati katja kata kaija katrin riina rina kate kathy kat trina
katherine kathryn|kitty kathy kathie katie kay
kenneth|ken kenny kenta
kerttu gertrud gertrude|gertie trudy gerda
kimmo|kimi kimppa
kirsten kirsti|kirre
konstantin konstantinos|kosti kostas
kristoffer christopher kristofer|chris kit kris topher stoffe
lachlan|lachie locky
lars lauri lasse|lasse late lassi
laura|lauri laurie lalli
laurence lawrence laurens|larry lars laurie
leo leonard leonardo|leo len lenny
leopold|leo
liisa elisabet|lissu
liisa|lissu liisu
lilian lillian|lily lil lilli
linnea|nea linn
louis louise louisa lovisa|lou lulu louie loviisa
lucas lukas luukas|luka luke luca
lucy lucia lucinda|lulu lucie cindy lucky
ludvig ludwig|lude ludde lutz
mabel|may
madeleine madeline madelyn|maddie maddy madde
magdalena magdaleena matleena|leena lena malena mallu
malcolm|mal
manuel|manne manny manolo
marcella|marcy
margareta margareeta marketta margit margaret marjatta|reeta reetta greta meeri maggie meg maija marju marjo retu peggy
maria marja mari|maija maiju maikki mari marja maarit mia masa mary mimmi
marianne marianna|mari janne marre
marion|mary
markku markus marko marcus mark|make markka masa mara
markus|masi
martha marta martta|marty mattie
martina|tina
martti martin|mara martsa marty
matias mathias matthias matti matthew|matti masa mati matte matt
matilda mathilda|tilda tilde
matilda|tilly mattie
mauri maurits|mauno masa
maurice|maury moe
maximilian maxwell maximus|max
melanie melissa|mel
mervyn|merv
michael mikael mikko|mika mikko mike miika miikka micke mick miksu
miina vilhelmiina|minttu
mildred|millie milly
miranda|mandy mira
mitchell|mitch
mohammed muhammad mohamed|mo
montgomery|monty
muriel|mu
nancy ann|nan
natasha natalia|tash tasha
nathalie natalia natalie|natta nat tasha
nathan nathaniel nathanael|nat nate
nicholas nikolai niklas nicolas|niko nick nik klaus nikke nicke
nicole nicola nicolette|nicky nikki nic
norman|norm
olavi olof|olli ola ole
oliver olivia|olli ollie liv livia
oskari oskar oscar|osku oski okko ossi
otto|otso
paavo paul paavali pauli|pave pali
pamela|pam
patricia patrick patrik|pat patsy tricia trish paddy patte rick
pauline paula pauliina paulina|polly pau lina iina
penelope|penny
pentti bengt|pena benkku
per peter petri petteri pekka|pekka petri pete petja petter pelle
percival|percy
philip phillip filip|phil pip fille
priscilla|cilla
prudence|prue
rachel raakel|rae rach
rafael|rafa raffe
ragnar|raggen
randall randolph|randy
raymond|ray
rebecca rebekka|bekka becky reba
reginald|reg reggie rex
reijo|reiska
richard rikhard|riku rikki rick dick rich
rikhard rikard|riku rikki
robert robin|robi roope bob rob bobby robbie
roderick|rod roddy rory
rodney|rod
roger|rodge
roland|rolle roy
ronald|ron ronnie
rosemary rosa rosalind|rose rosie roz
russell|russ rusty
saara sara sarah|sari sallamari sadie sally
saima|saimi
sakari zacharias zachary sakarias zachery|zach zack zac saku zacke
sally sarah|sally
salomon solomon|sol salle
samantha|sam sammy
samuel samuli|sami samu sam samppa
sebastian|sebu basti seb
selma|selle
serafina serafiina|fiina fina
shirley|shirl
sidney sydney|sid syd
sigrid|siiri sigge siri
sigurd|sigge
simon simo|sime simppa
sinikka|sinni
sofia sophia|sohvi soffi fia sonja sophie
solveig|sol solan
stanley|stan
stefan stephan steven stephen|steve stefu teppo tapani
stephanie stefania|steph stef fanny fanni
stig|stigge
stuart stewart|stu stew
susanna susanne|sanna sanni susa susan susu sue suski
sylvia silvia|syl silvi
taina|taikku
tapani tapio|tapsa tappi
teemu|teme
teodora theodora|thea dora
terence terrence|terry
thaddeus|tad
theodor teodor|teo teddy ted
theodore|theo ted teddy
theresa teresa terese|tessa terhi resa
thomas tuomas tomas|tomi tommi tom tuomo tuomi
timo timothy|timppa tim
timothy|tim timmy
tobias|tobi tobbe
torbjorn|tobbe tor
torsten|totte totti
tuulikki|tuuli
ulrik ulrich|ulle uli
ulrika ulrikka ulrica|ulla rikka ulli
urban|ubbe
urho|urkki
valdemar|valtteri valle
valentin valentina|val vale tina
valerie|val
valtteri walter|valtsu valde
vanessa|nessa
veli|vellu
veronica veronika|ronnie vera roni nica
viktor victor viktoria victoria|vikke vicke viki vicky tori
vilhelm vilhelmi william wilhelm vilhelmiina|ville viljami vili will bill willy liam mina minna viljo
vilhelmiina wilhelmina|mina minna viivi
viljami|ville vili
vincent|vince vinnie
virginia|ginny ginger
wallace|wally
winifred|win winnie
winston|win
yrjo george georg|yka yrkki
yvonne|eve vonne
zebediah|zeb
`
