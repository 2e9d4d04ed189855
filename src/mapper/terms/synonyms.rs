//! Plain, Greek and Latin words for the same thing, and what clinicians shorten: general medical knowledge.
//!
//! Each line of [`WORDS`] is a set of words with one meaning (compared by stem); each line of [`PHRASES`] is a short form
//! or a lay phrase and what classifications write. Names that were only learned from an evaluation set must never
//! enter: a table that knows the answers measures nothing.

use super::morphology::stem;
use crate::mapper::words::words;
use std::collections::HashMap;
use std::sync::LazyLock;

/// Words of one meaning, a set a line.
const WORDS: &str = "
heart cardiac cardial
kidney renal nephric
liver hepatic
lung pulmonary pulmonic
stomach gastric
intestine intestinal bowel enteric gut
colon colonic
brain cerebral encephalic
skin cutaneous dermal cutis dermic
bone osseous bony
muscle muscular
nerve neural
eye ocular ophthalmic eyeball
ear aural auricular
nose nasal
mouth oral
tooth teeth dental
tongue lingual
lip labial
gum gingival gingiva
jaw mandible mandibular
cheek buccal
throat pharyngeal pharynx
voicebox laryngeal larynx
windpipe trachea tracheal
gullet esophagus esophageal
chest thorax thoracic
abdomen abdominal belly
breast mammary
womb uterus uterine
bladder vesical
testis testicle testicular testes
ovary ovarian
penis penile
vagina vaginal
vulva vulvar
anus anal
rectum rectal
blood hematic sanguineous
vein venous
artery arterial
vessel vascular
joint articular
spine spinal vertebra vertebral vertebrae
rib costal
sternum sternal breastbone
skull cranium cranial
collarbone clavicle clavicular
shoulderblade scapula scapular
kneecap patella patellar
thigh femur femoral
shin tibia tibial
fibula fibular peroneal
heel calcaneus calcaneal
wrist carpal carpus
tailbone coccyx coccygeal
eyelid palpebral
eardrum tympanic
spleen splenic
pancreas pancreatic
thymus thymic
bile biliary gall
gallbladder cholecystic
urine urinary
fetus fetal foetal
newborn neonatal neonate
mother maternal
pregnancy gestation gestational gravid
childbirth parturition delivery
puerperal puerperium postpartum
miscarriage abortion
cancer carcinoma carcinomatous
neoplasm tumor neoplastic
hemorrhage bleeding hemorrhagic bleed
calculus stone calculi lithiasis
inflammation inflammatory inflamed
infarction infarct
itching itch pruritus pruritic
hives urticaria
fever pyrexia febrile
pain ache aching
fainting syncope
dizziness vertigo giddiness
vomiting emesis
seizure convulsion convulsive fit
injury trauma traumatic
bruise contusion
swelling edema edematous
stenosis stricture narrowing
blockage obstruction occlusion
enlargement enlarged hypertrophy hypertrophic
softening malacia
hardening sclerosis
hereditary familial inherited heritable
absence missing agenesis
malformation anomaly
deformity deformed
paralysis palsy paralytic
weakness paresis
numbness anesthesia
deficiency deficit lack
failure insufficiency
dilation dilatation ectasia dilated
prolapse ptosis
hernia herniation herniated
protein proteinaceous
alcohol alcoholic ethanol
tobacco nicotine smoking
addiction dependence
fungus fungal mycotic mycosis fungi
bacteria bacterial bacterium
virus viral
helminth worm helminthic
parasite parasitic
louse lice pediculosis
tuberculosis tuberculous tb
syphilis syphilitic luetic lues
gonorrhea gonococcal gonococcus
chickenpox varicella
shingles zoster
smallpox variola
whoopingcough pertussis
mumps parotitis
measles rubeola morbilli
lockjaw tetanus
rabies hydrophobia
leprosy hansen
plague pestis
glucose sugar
potassium kalium
sodium natrium
excision removal resection
obesity obese adiposity
baldness alopecia
wart verruca
mole nevus
boil furuncle
pimple acne
bedsore decubitus
ulcer ulceration ulcerated ulcerative
abscess pus
scar cicatrix cicatricial
blister bulla bullous
blindness amaurosis
deafness deaf
squint strabismus
nearsightedness myopia
farsightedness hypermetropia hyperopia
cataract cataractous
headache cephalalgia
insomnia sleeplessness
depression depressive
mania manic
anxiety anxious
dementia demented
suicide suicidal
homicide assault
child childhood
adult adulthood
elderly senile
poison poisoning toxic toxicity
drug medicament medication medicinal
burn burns
freezing frostbite
drowning submersion
bite bitten
hypertension hypertensive
hypotension hypotensive
without no
one first 1st
two second 2nd
three third 3rd
four fourth 4th
multiple several numerous
partial incomplete
complete total
both bilateral
postoperative postsurgical postprocedural
aftereffect sequela sequelae
finger digit
swallowing deglutition
breathing respiration respiratory
breathlessness dyspnea
cough tussis
sneezing sternutation
hiccough hiccup
nosebleed epistaxis
snoring rhonchopathy
bunion hallux
flatfoot planus
clubfoot talipes
hunchback kyphosis
cleft fissure
rupture tear torn ruptured
perforation perforated perforating
thrombosis thrombus thrombotic clot
embolism embolus embolic
aneurysm aneurysmal
rash exanthem eruption
scaling desquamation
cyst cystic
polyp polypoid polyposis
lump mass
lesion lesions
ring annular
twisted torsion
crushing crush crushed
amputation amputated
motorcar car automobile
motorcycle motorbike
bicycle pedal cyclist
gun firearm
knife sharp
";

/// Short forms and lay phrases, `short = long`; a `~` instead of `=` means that it also goes the other way round.
const PHRASES: &str = "
aaa = abdominal aortic aneurysm
abpa = allergic bronchopulmonary aspergillosis
acs = acute coronary syndrome
adhd = attention deficit hyperactivity disorder
add = attention deficit disorder
af = atrial fibrillation
afib = atrial fibrillation
aids = acquired immunodeficiency syndrome
aids = human immunodeficiency virus disease
aki = acute kidney failure
acute kidney injury ~ acute kidney failure
arf = acute renal failure
als = amyotrophic lateral sclerosis
all = acute lymphoblastic leukemia
aml = acute myeloid leukemia
cll = chronic lymphocytic leukemia
cml = chronic myeloid leukemia
ami = acute myocardial infarction
mi = myocardial infarction
nstemi = non st elevation myocardial infarction
stemi = st elevation myocardial infarction
ards = acute respiratory distress syndrome
asd = atrial septal defect
vsd = ventricular septal defect
pda = patent ductus arteriosus
avm = arteriovenous malformation
avn = avascular necrosis
bph = benign prostatic hyperplasia
bppv = benign paroxysmal vertigo
ca = cancer
cabg = coronary artery bypass graft
cad = coronary artery disease
coronary artery disease ~ atherosclerotic heart disease of native coronary artery
chd = congenital heart disease
chd = coronary heart disease
chf = congestive heart failure
ckd = chronic kidney disease
esrd = end stage renal disease
copd = chronic obstructive pulmonary disease
cva = cerebral infarction
cva = cerebrovascular accident
stroke ~ cerebral infarction
cerebrovascular accident ~ cerebral infarction
tia = transient cerebral ischemic attack
mini stroke = transient cerebral ischemic attack
dka = diabetes mellitus with ketoacidosis
dm = diabetes mellitus
dm1 = type 1 diabetes mellitus
dm2 = type 2 diabetes mellitus
t1dm = type 1 diabetes mellitus
t2dm = type 2 diabetes mellitus
iddm = type 1 diabetes mellitus
niddm = type 2 diabetes mellitus
insulin dependent diabetes ~ type 1 diabetes
non insulin dependent diabetes ~ type 2 diabetes
juvenile diabetes = type 1 diabetes
adult onset diabetes = type 2 diabetes
gdm = gestational diabetes mellitus
dvt = deep vein thrombosis
deep vein thrombosis ~ acute embolism and thrombosis of deep veins
pe = pulmonary embolism
gerd = gastro esophageal reflux disease
acid reflux = gastro esophageal reflux disease
heartburn ~ pyrosis
gi = gastrointestinal
gib = gastrointestinal hemorrhage
ugib = upper gastrointestinal hemorrhage
gu = genitourinary
hiv = human immunodeficiency virus
hbv = hepatitis b virus
hcv = hepatitis c virus
hep b = hepatitis b
hep c = hepatitis c
hpv = human papillomavirus
hsv = herpes simplex virus
cmv = cytomegalovirus
ebv = epstein barr virus
rsv = respiratory syncytial virus
htn = hypertension
high blood pressure ~ hypertension
low blood pressure ~ hypotension
hld = hyperlipidemia
high cholesterol = hypercholesterolemia
ibd = inflammatory bowel disease
ibs = irritable bowel syndrome
ich = intracerebral hemorrhage
sah = subarachnoid hemorrhage
sdh = subdural hemorrhage
ivh = intraventricular hemorrhage
itp = immune thrombocytopenic purpura
ttp = thrombotic thrombocytopenic purpura
dic = disseminated intravascular coagulation
iud = intrauterine contraceptive device
iugr = intrauterine growth restriction
lbp = low back pain
lbbb = left bundle branch block
rbbb = right bundle branch block
loc = loss of consciousness
ms = multiple sclerosis
mva = motor vehicle accident
mvp = mitral valve prolapse
osa = obstructive sleep apnea
oa = osteoarthritis
degenerative joint disease = osteoarthritis
djd = osteoarthritis
degenerative arthritis = osteoarthritis
ocd = obsessive compulsive disorder
pad = peripheral vascular disease
pvd = peripheral vascular disease
pcos = polycystic ovarian syndrome
pid = female pelvic inflammatory disease
pku = phenylketonuria
pmdd = premenstrual dysphoric disorder
ptsd = post traumatic stress disorder
psvt = supraventricular tachycardia
svt = supraventricular tachycardia
vt = ventricular tachycardia
vf = ventricular fibrillation
ra = rheumatoid arthritis
sle = systemic lupus erythematosus
sids = sudden infant death syndrome
sirs = systemic inflammatory response syndrome
sob = shortness of breath
std = sexually transmitted disease
venereal disease ~ sexually transmitted disease
tbi = traumatic brain injury
tmj = temporomandibular joint
uri = upper respiratory infection
common cold = acute nasopharyngitis
uti = urinary tract infection
wpw = wolff parkinson white
pre excitation = wolff parkinson white
heart attack ~ myocardial infarction
cardiac infarction = myocardial infarction
coronary thrombosis = myocardial infarction
malignant neoplasm ~ cancer
malignant tumor ~ malignant neoplasm
malignancy ~ malignant neoplasm
benign tumor ~ benign neoplasm
secondary malignant neoplasm ~ metastasis
metastatic cancer = secondary malignant neoplasm
carcinoma in situ ~ in situ neoplasm
upper limb ~ arm
upper extremity ~ upper limb
lower limb ~ leg
lower extremity ~ lower limb
great toe ~ hallux
big toe ~ great toe
low back ~ lumbar
loin ~ lumbar
buttock ~ gluteal
armpit ~ axilla
groin ~ inguinal
womb = uterus
gall stone ~ cholelithiasis
gallstone ~ cholelithiasis
calculus of gallbladder ~ cholelithiasis
kidney stone ~ calculus of kidney
renal colic = calculus of kidney
bladder infection = cystitis
kidney infection = pyelonephritis
chest infection = lower respiratory infection
slipped disc ~ intervertebral disc displacement
herniated disc ~ intervertebral disc displacement
sciatic = sciatica
broken = fracture
pressure sore = pressure ulcer
bed sore = pressure ulcer
decubitus ulcer ~ pressure ulcer
piles ~ hemorrhoids
pink eye = conjunctivitis
lazy eye = amblyopia
cross eye = strabismus
cross eyed = strabismus
ringing in ear = tinnitus
hay fever = allergic rhinitis
lockjaw = tetanus
german measles ~ rubella
glandular fever ~ infectious mononucleosis
chicken pox ~ varicella
whooping cough ~ pertussis
shingles ~ zoster
cold sore = herpes simplex
athletes foot ~ tinea pedis
jock itch ~ tinea cruris
ringworm ~ dermatophytosis
tinea ~ dermatophytosis
thrush ~ candidiasis
moniliasis ~ candidiasis
bilharziasis ~ schistosomiasis
lyme ~ borrelia
mad cow disease = creutzfeldt jakob disease
sleeping sickness ~ trypanosomiasis
river blindness = onchocerciasis
hydatid ~ echinococcosis
tapeworm ~ taenia
hookworm ~ ancylostomiasis
roundworm ~ ascariasis
pinworm ~ enterobiasis
threadworm ~ strongyloidiasis
whipworm ~ trichuriasis
mongolism = down syndrome
trisomy 21 ~ down syndrome
trisomy 18 ~ edwards syndrome
trisomy 13 ~ patau syndrome
hare lip ~ cleft lip
harelip ~ cleft lip
water on brain = hydrocephalus
mental retardation ~ intellectual disabilities
senile dementia = dementia
manic depressive ~ bipolar
manic depression = bipolar disorder
drug addiction ~ drug dependence
alcoholism ~ alcohol dependence
drug abuse ~ substance abuse
nervous breakdown = acute stress reaction
anorexia ~ loss of appetite
water retention = edema
dropsy = edema
jaundice ~ icterus
yellow skin = jaundice
bed wetting ~ enuresis
painful menstruation ~ dysmenorrhea
menstrual pain = dysmenorrhea
absence of menstruation ~ amenorrhea
heavy menstruation ~ menorrhagia
excessive menstruation ~ menorrhagia
morning sickness = hyperemesis gravidarum
toxemia of pregnancy = pre eclampsia
preeclampsia ~ pre eclampsia
stillbirth ~ fetal death
cesarean section ~ cesarean delivery
c section = cesarean delivery
preterm ~ premature
post term ~ prolonged pregnancy
small for dates ~ small for gestational age
light for dates ~ light for gestational age
large for dates ~ heavy for gestational age
crib death = sudden infant death syndrome
shortness of breath ~ dyspnea
difficulty breathing = dyspnea
difficulty swallowing ~ dysphagia
difficulty speaking = dysphasia
painful urination ~ dysuria
frequent urination = polyuria
blood in urine ~ hematuria
sugar in urine ~ glycosuria
protein in urine ~ proteinuria
blood in stool ~ melena
coughing blood ~ hemoptysis
vomiting blood ~ hematemesis
passing gas = flatulence
double vision ~ diplopia
loss of smell ~ anosmia
night blindness ~ nyctalopia
hearing loss ~ deafness
low blood sugar ~ hypoglycemia
high blood sugar ~ hyperglycemia
high potassium ~ hyperkalemia
low potassium ~ hypokalemia
high sodium ~ hypernatremia
low sodium ~ hyponatremia
high calcium ~ hypercalcemia
low calcium ~ hypocalcemia
overactive thyroid ~ hyperthyroidism
thyrotoxicosis ~ hyperthyroidism
underactive thyroid ~ hypothyroidism
goiter ~ enlarged thyroid
graves disease ~ thyrotoxicosis with diffuse goiter
hardening of arteries ~ atherosclerosis
arteriosclerosis ~ atherosclerosis
heart failure ~ cardiac decompensation
irregular heartbeat = cardiac arrhythmia
rapid heartbeat = tachycardia
slow heartbeat = bradycardia
heart block ~ atrioventricular block
sick sinus ~ sinoatrial node dysfunction
angina ~ angina pectoris
blood poisoning ~ sepsis
septicemia ~ sepsis
blood clot ~ thrombosis
varices ~ varicose veins
blood disorder = disease of blood
sickle cell anemia ~ sickle cell disease
cooley anemia ~ thalassemia
mediterranean anemia ~ thalassemia
pernicious anemia ~ vitamin b12 deficiency anemia
hodgkin disease ~ hodgkin lymphoma
lymphosarcoma ~ lymphoma
plasmacytoma ~ plasma cell tumor
late effect ~ sequela
late effects ~ sequela
late onset effect = sequela
history of ~ personal history of
hx of = history of
h o = history of
fh = family history
fhx = family history
s p = status post
status post ~ acquired absence
fx = fracture
fb = foreign body
dislocation ~ subluxation
whiplash ~ sprain of ligaments of cervical spine
concussion = intracranial injury
open wound ~ laceration
road traffic accident = motor vehicle traffic accident
motor vehicle accident ~ traffic accident
self inflicted ~ intentional self harm
suicide attempt ~ intentional self harm
adverse drug reaction ~ adverse effect
overdose ~ poisoning
lead poisoning ~ toxic effect of lead
sunburn ~ solar dermatitis
eczema ~ dermatitis
ingrown nail ~ ingrowing nail
dandruff = seborrheic dermatitis
itchy skin = pruritus
excessive sweating ~ hyperhidrosis
hardening of skin = scleroderma
gouty arthritis ~ gout
brittle bones ~ osteogenesis imperfecta
rickets ~ vitamin d deficiency
scurvy ~ ascorbic acid deficiency
vitamin c ~ ascorbic acid
vitamin b1 ~ thiamine
vitamin b2 ~ riboflavin
beriberi ~ thiamine deficiency
pellagra ~ niacin deficiency
vitamin a ~ retinol
bow leg ~ genu varum
knock knee ~ genu valgum
hammer toe ~ hammertoe
club foot ~ talipes
flat foot ~ pes planus
cesarean ~ c section
hip replacement ~ hip joint prosthesis
joint replacement ~ joint prosthesis
check up ~ examination
checkup ~ examination
physical exam = examination
vaccination ~ immunization
proximal end ~ upper end
distal end ~ lower end
proximal third = upper end
distal third = lower end
refractory ~ intractable
pharmacoresistant = intractable
treatment resistant = intractable
use disorder mild ~ abuse
use disorder moderate ~ dependence
use disorder severe ~ dependence
early remission ~ remission
sustained remission ~ remission
extradural ~ epidural
disseminated ~ generalized
hypersomnia ~ excessive sleepiness
aplasia ~ absence
supernumerary ~ accessory
atresia ~ absence
fibroid ~ leiomyoma
lipoma ~ benign lipomatous neoplasm
melanoma ~ malignant melanoma
nevus ~ melanocytic nevi
hemangioma ~ angioma
cold injury ~ frostbite
scald ~ burn
sting ~ venom
food poisoning ~ foodborne intoxication
infestation ~ infection
catarrh ~ inflammation
hypertrophy ~ hyperplasia
enlarged prostate ~ prostatic hyperplasia
undescended testis ~ cryptorchidism
wasting ~ atrophy
wasting ~ cachexia
malnutrition ~ nutritional deficiency
tension headache ~ tension type headache
chronic fatigue ~ postviral fatigue
well child ~ routine child health examination
birth control ~ contraceptive
";

/// What ICD-9-CM appends to titles for its fifth digits, and what ICD-10-CM says there: nothing, for the most part.
const FIFTH_DIGITS: &[(&str, &str)] = &[
    ("bacteriological or histological examination not done", ""),
    ("bacteriological or histological examination unknown (at present)", ""),
    ("tubercle bacilli found (in sputum) by microscopy", ""),
    (
        "tubercle bacilli not found (in sputum) by microscopy, but found by bacterial culture",
        "",
    ),
    (
        "tubercle bacilli not found by bacteriological examination, but tuberculosis confirmed histologically",
        "",
    ),
    (
        "tubercle bacilli not found by bacteriological or histological examination, but tuberculosis confirmed by other methods \
         [inoculation of animals]",
        "",
    ),
    ("unspecified as to episode of care or not applicable", "unspecified trimester"),
    ("unspecified as to episode of care", "unspecified"),
    ("delivered, with or without mention of antepartum condition", "childbirth"),
    ("delivered, with mention of postpartum complication", "puerperium"),
    ("antepartum condition or complication", "unspecified trimester"),
    ("postpartum condition or complication", "puerperium"),
    (
        "without mention of having achieved remission",
        "not having achieved remission",
    ),
    ("without mention of complication", ""),
    ("not stated as uncontrolled", ""),
    ("type ii or unspecified type", "type 2"),
    ("type i [juvenile type]", "type 1"),
    ("without mention of", "without"),
    ("with no loss of consciousness", "without loss of consciousness"),
    (
        "state of consciousness unspecified",
        "loss of consciousness of unspecified duration",
    ),
    (
        "loss of consciousness of unspecified duration",
        "loss of consciousness of unspecified duration",
    ),
];

/// A name as ICD-10-CM would have it, where it is written as ICD-9-CM writes. `None` where nothing is to be changed.
pub fn modern(name: &str) -> Option<String> {
    let mut found = name.to_ascii_lowercase();
    let before = found.len();
    let mut changed = false;
    for (old, new) in FIFTH_DIGITS {
        if found.len() <= 4 * before && found.contains(old) {
            found = found.replace(old, new);
            changed = true;
        }
    }
    changed.then_some(found)
}

/// What the tables say, ready to be asked.
#[derive(Debug)]
pub struct Synonyms {
    /// Stem -> the stem that stands for its set.
    same: HashMap<String, String>,
    /// First word of a phrase -> the phrases, longest first.
    phrases: HashMap<String, Vec<Phrase>>,
}

#[derive(Debug)]
struct Phrase {
    from: Vec<String>,
    to: Vec<String>,
}

/// The tables, read once.
pub static SYNONYMS: LazyLock<Synonyms> = LazyLock::new(Synonyms::read);

/// Roman numerals that are no letters of their own.
const NUMERALS: &[(&str, &str)] = &[
    ("ii", "2"),
    ("iii", "3"),
    ("iv", "4"),
    ("vi", "6"),
    ("vii", "7"),
    ("viii", "8"),
    ("ix", "9"),
    ("xi", "11"),
    ("xii", "12"),
    ("xiii", "13"),
];

impl Synonyms {
    fn read() -> Self {
        let mut same = HashMap::new();
        for line in WORDS.lines() {
            let mut set = line.split(' ').flat_map(words).map(|word| stem(&word));
            let Some(first) = set.next() else { continue };
            for other in set {
                same.entry(other).or_insert_with(|| first.clone());
            }
        }
        let mut phrases: HashMap<String, Vec<Phrase>> = HashMap::new();
        let mut add = |from: Vec<String>, to: Vec<String>| {
            if let Some(first) = from.first() {
                phrases.entry(first.clone()).or_default().push(Phrase { from, to });
            }
        };
        for line in PHRASES.lines() {
            if let Some((short, long)) = line.split_once(" = ") {
                add(words(short), words(long));
            } else if let Some((short, long)) = line.split_once(" ~ ") {
                add(words(short), words(long));
                add(words(long), words(short));
            }
        }
        phrases
            .values_mut()
            .for_each(|own| own.sort_by_key(|phrase| std::cmp::Reverse(phrase.from.len())));
        Self { same, phrases }
    }

    /// What a normalised word is compared by: the stem of its set, its number, or its own stem.
    pub fn class(&self, word: &str) -> String {
        if let Some((_, number)) = NUMERALS.iter().find(|(numeral, _)| *numeral == word) {
            return (*number).to_owned();
        }
        let own = stem(word);
        self.same.get(&own).cloned().unwrap_or(own)
    }

    /// Other ways to write normalised words: one phrase replaced in each, at most `limit`.
    pub fn rewritings(&self, source: &[String], limit: usize) -> Vec<Vec<String>> {
        let mut found = Vec::new();
        let mut at = 0;
        while let Some(word) = source.get(at) {
            let rest = source.get(at..).unwrap_or(&[]);
            let fitting: Vec<&Phrase> = self
                .phrases
                .get(word)
                .map_or(&[][..], Vec::as_slice)
                .iter()
                .filter(|phrase| rest.starts_with(&phrase.from))
                .collect();
            let longest = fitting.first().map_or(0, |phrase| phrase.from.len());
            for phrase in fitting.iter().filter(|phrase| phrase.from.len() == longest) {
                // What the name already says is not said again.
                if source.windows(phrase.to.len().max(1)).any(|window| window == phrase.to) {
                    continue;
                }
                let mut other = source.get(..at).unwrap_or(&[]).to_vec();
                other.extend(phrase.to.iter().cloned());
                other.extend(rest.iter().skip(longest).cloned());
                found.push(other);
                if found.len() == limit {
                    return found;
                }
            }
            at += longest.max(1);
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(text: &str) -> Vec<String> {
        let all = SYNONYMS.rewritings(&words(text), 3);
        all.iter().map(|other| other.join(" ")).collect()
    }

    #[test]
    fn words_of_one_meaning_have_one_class() {
        for (left, right) in [("renal", "kidney"), ("cardiac", "heart"), ("stone", "calculus"), ("iii", "3")] {
            assert_eq!(SYNONYMS.class(left), SYNONYMS.class(right), "{left}");
        }
        assert_ne!(SYNONYMS.class("heart"), SYNONYMS.class("liver"));
    }

    #[test]
    fn short_forms_and_lay_phrases_are_written_out() {
        assert_eq!(rewritten("Heart attack, old"), ["myocardial infarction old"]);
        assert_eq!(
            rewritten("acute exacerbation of COPD"),
            ["acute exacerbation chronic obstructive pulmonary disease"]
        );
        assert!(rewritten("fracture of femur").is_empty());
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_rewritten_within_the_limit(text in "[a-z ]{0,60}") {
            proptest::prop_assert!(SYNONYMS.rewritings(&words(&text), 3).len() <= 3);
        }
    }
}
