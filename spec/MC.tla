------------------------------------ MODULE MC ------------------------------------
(* What the configurations (the .cfg files) choose from: names of members, leader schedules, symmetry.             *)
(* z and z2 are the members that may be Byzantine, c1 to c5 the others. A schedule lists the leaders of    *)
(* each epoch's views.                                                                                     *)
EXTENDS Kernel

CONSTANTS z, z2, c1, c2, c3, c4, c5

\* A Byzantine leader may do whatever a correct one does: the schedules in which it always leads hold all others.
Leads_zz == << <<z, z>> >>
Leads_zzz == << <<z, z, z>> >>
Leads_cz == << <<c1, z>> >>
Leads_zc == << <<z, c1>> >>
Leads_zcz == << <<z, c1, z>> >>
Leads_z_z == << <<z>>, <<z>> >>
Leads_zz_z == << <<z, z>>, <<z>> >>
Leads_zz_zz == << <<z, z>>, <<z, z>> >>
Leads_zz2 == << <<z, z2>> >>
Leads_zz2z == << <<z, z2, z>> >>
\* Nobody is Byzantine while one rejoins: c1, the leader, may be the one that forgets.
Leads_c == << <<c1>> >>
Leads_cc == << <<c1, c2>> >>
Leads_ccc == << <<c1, c2, c3>> >>

Slots1 == <<1>>
Slots2 == <<2>>
Slots3 == <<3>>
Slots2_1 == <<2, 1>>
Slots1_1 == <<1, 1>>

\* Members that the schedule does not name can be exchanged.
Scheduled == UNION {{Schedule[e][k] : k \in 1 .. Len(Schedule[e])} : e \in 1 .. Len(Schedule)}
Symmetric == Permutations(Node \ (Byzantine \cup Turncoats \cup Scheduled))

\* n = 7 after two views whose leaders z and z2 have lied as well as they can, in steps of the model: at (0,0,0) three
\* correct members voted for <<1>>, two for <<2>>; in view 1, three under a NEW-VIEW that shows the certificate of <<1>> for its
\* child, two under one that does not for <<2>> again. From here everything is walked through.
LateOne(i) == i \in {c1, c2, c3}
InitLate ==
  LET none == [slot |-> StartSlot(0), block |-> Genesis]
      first(i) == IF LateOne(i) THEN <<1>> ELSE <<2>>
      second(i) == IF LateOne(i) THEN <<1, 1>> ELSE <<2>>
      correct == Node \ Byzantine
  IN /\ votes = [i \in Node |-> [s \in Slots |->
                   IF i \notin correct \/ s[2] = 2 THEN {} ELSE {IF s[2] = 0 THEN first(i) ELSE second(i)}]]
     /\ vcs = [i \in Node |-> [c \in Changes |->
                 IF i \notin correct \/ c[2] = 2 THEN NoViewChange
                 ELSE [high |-> none, last |-> [slot |-> <<0, 0, 0>>, block |-> first(i)], sent |-> TRUE]]]
     /\ rec = [i \in Node |->
                 IF i \notin correct THEN [epoch |-> 0, view |-> 0, last |-> none, high |-> none, above |-> Never]
                 ELSE [epoch |-> 0, view |-> 1, last |-> [slot |-> <<0, 1, 0>>, block |-> second(i)], above |-> Never,
                       high |-> IF LateOne(i) THEN [slot |-> <<0, 0, 0>>, block |-> <<1>>] ELSE none]]
     /\ byz = Byzantine
     /\ wipes = 0
     /\ seen = {<<1>>, <<2>>, <<1, 1>>}
     /\ certs = {[slot |-> <<0, 0, 0>>, block |-> <<1>>], [slot |-> <<0, 1, 0>>, block |-> <<1, 1>>]}
     /\ fasts = {}
SymmetricLate == Permutations({c1, c2, c3}) \cup Permutations({c4, c5})
===================================================================================
