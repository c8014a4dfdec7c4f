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
Leads_zz_z == << <<z, z>>, <<z>> >>
Leads_zz2 == << <<z, z2>> >>
Leads_zz2z == << <<z, z2, z>> >>
\* Nobody is Byzantine while one rejoins: c1, the leader, may be the one that forgets.
Leads_cc == << <<c1, c2>> >>
Leads_ccc == << <<c1, c2, c3>> >>

Slots1 == <<1>>
Slots2 == <<2>>
Slots3 == <<3>>
Slots2_1 == <<2, 1>>
Slots2_2 == <<2, 2>>

\* Members that the schedule does not name can be exchanged.
Scheduled == UNION {{Schedule[e][k] : k \in 1 .. Len(Schedule[e])} : e \in 1 .. Len(Schedule)}
Symmetric == Permutations(Node \ (Byzantine \cup Turncoats \cup Scheduled))
===================================================================================
