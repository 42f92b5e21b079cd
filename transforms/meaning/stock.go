package meaning

import "strings"

// commonGiven are given names that are common where English, Finnish, Swedish or Norwegian is spoken: enough that in a
// column of given names a third of the values are among them.
var commonGiven = words(`
	juhani johannes mikael olavi antero tapani kalevi matti pekka tapio ilmari heikki timo kari antti jari jorma mikko seppo hannu eero erkki risto
	jukka martti raimo reijo pertti pentti veikko arto ismo esko markku ilkka juha lauri eino vesa harri petri mika marko sami jani janne jussi tomi
	ville pasi tero kimmo toni teemu olli jarkko ari kalle jarmo matias oliver onni aleksi eetu juho joona jere elias niko santeri valtteri
	tuomas roope otto arttu jesse samuli veeti leevi oskari miro henri aaro rasmus daniel emil aapo
	anneli marjatta kaarina liisa helena maria hannele anna ritva leena pirkko eila raija tuula marja irene sinikka aino seija kirsti irma
	maija terttu sirpa riitta elina aila anja tarja eeva pirjo sirkka ulla johanna kristiina marika katja tiina sari minna mari heidi satu
	kirsi anne nina susanna jaana outi sanna hanna mervi tanja riikka merja katri maarit virpi niina anu laura taina sofia emilia olivia
	katariina aurora matilda helmi emma jenna jenni sara noora iida veera siiri essi oona venla ella anni milla salla paivi
	erik karl johan gustav bengt lars goran hakan bo leif nils rolf ake henrik mats peter anders kristian fredrik magnus stefan patrik
	niklas bjorn thomas marcus kenneth alexander william oscar anton filip lukas viktor sebastian jonathan axel benjamin robin linus simon
	max hugo margareta birgitta elisabeth kristina marianne anita ingrid berit annika asa camilla susanne petra monica eva linda jessica
	ida julia ellen amanda elin frida rebecca jan per kjell svein arne knut odd tor hans ole terje geir einar morten trond frode espen
	oyvind rune tommy stian martin jonas mathias sindre eirik sander hakon jakob aksel inger marit astrid liv solveig randi turid
	grete hilde trine siri hege kristin bente thea nora amalie silje tuva maja karoline
	john david michael robert james richard anthony george edward charles paul andrew mark christopher stephen steven matthew jack joshua
	samuel joseph brian kevin jason ryan jacob nicholas eric adam nathan luke liam noah ethan mason logan lucas harry charlie alfie freddie archie
	leo oscar jake tyler connor callum lewis aaron dylan henry frank walter arthur albert frederick ernest harold alfred jackson
	mary patricia elizabeth christine barbara jean ann catherine janet pamela maureen sarah karen nicola joanne claire julie helen
	katherine emily charlotte sophie amelia hannah chloe grace jennifer susan margaret dorothy lisa nancy betty sandra ashley kimberly
	donna carol michelle melissa deborah stephanie laura alice jane rose annie florence lily ava mia isabella poppy freya evie lucy molly
	megan caitlin georgia ruby madison alexandra lachlan joel isabelle brooke jasmine holly zoe abbey kate tom bill bob dick mike chris liz
	pat ben jon dan joe jim sam alex matt nick steve tony fred ted will rob ron ken jeff greg scott gary larry
	pierre jacques michel marie francoise jean-pierre carlos jose juan luis antonio carmen ana hans klaus jurgen wolfgang ursula monika
	ahmed ali mohammed muhammad fatima aisha olga natalia sergei ivan elena priya wei
`)

// commonFamily are family names that are common in the same countries.
var commonFamily = words(`
	korhonen laine salo niemi heikkila mattila ojala kallio hakala koivisto anttila lehto laakso rantala aalto seppala nurmi aho harju peltola
	koskela vainio eskola uusitalo haapala makela jarvi koski virta saari lahti maki ranta
	hansen johansen olsen larsen andersen berg haugen hagen dahl lund moen strand solberg eide bakken bakke lie nygard holm ekman
	smith jones taylor brown williams wilson johnson davies robinson wright thompson evans walker white roberts green hall wood clarke khan patel
	hughes edwards hill moore cooper ward morris king watson harris baker carter turner martin lee scott young allen mitchell campbell anderson
	clark lewis adams nelson phillips parker collins stewart murphy kelly cook rogers reed bailey bell cox richardson gray miller davis garcia
	rodriguez martinez hernandez lopez gonzalez perez sanchez nguyen ryan white webb foster barnes mason hunt palmer mills rose stone
	chapman ellis knight butler russell fox shaw holmes gordon murray ross graham grant reid hamilton kennedy marshall simpson
	muller schmidt schneider fischer weber meyer wagner becker schulz dubois durand dupont moreau
`)

var familyEnds = strings.Fields(`nen son sson sen strom qvist kvist berg gren lund blad dahl mann ov ova ev eva ski sky oglu ez wicz poulos ington`)

// looksFamily tells whether a folded word is a common family name or ends as many do.
func looksFamily(w string) bool {
	if commonFamily[w] {
		return true
	}
	if commonGiven[w] {
		return false
	}
	for _, end := range familyEnds {
		if len(w) > len(end)+2 && strings.HasSuffix(w, end) {
			return true
		}
	}
	return false
}

// commonCities are folded names of large towns of the same countries.
var commonCities = func() map[string]bool {
	m := words(`helsinki espoo tampere vantaa oulu turku jyvaskyla kuopio lahti pori kouvola joensuu lappeenranta vaasa hameenlinna seinajoki rovaniemi
		mikkeli kotka salo porvoo kokkola savonlinna imatra kajaani kuusankoski stockholm goteborg gothenburg malmo uppsala vasteras orebro
		linkoping helsingborg jonkoping norrkoping lund umea gavle oslo bergen trondheim stavanger drammen fredrikstad kristiansand tromso
		london birmingham manchester leeds liverpool sheffield bristol glasgow edinburgh leicester coventry cardiff bradford nottingham hull
		newcastle southampton portsmouth plymouth reading derby wolverhampton belfast sunderland swansea luton bournemouth oxford cambridge
		sydney melbourne brisbane perth adelaide canberra hobart chicago houston phoenix philadelphia dallas austin boston seattle denver
		charlotte raleigh durham atlanta miami paris lyon marseille berlin hamburg munich munchen koln cologne frankfurt stuttgart madrid barcelona
		copenhagen kobenhavn tallinn riga vilnius amsterdam rotterdam dublin`)
	m["new york"], m["los angeles"], m["san francisco"], m["san diego"] = true, true, true, true
	return m
}()
