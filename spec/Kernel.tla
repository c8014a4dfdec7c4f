---------------------------------- MODULE Kernel ----------------------------------
(* The safety kernel of Tieline's CBFT: docs/consensus.md and src/consensus/kernel/.                     *)
(*                                                                                                       *)
(* Each action names the section of docs/consensus.md it stands for and the C++ function it mirrors.     *)
(* What is left out, and why that can only add behaviours, is in docs/model-checking.md. In short:       *)
(*  - a message that was sent is there for everybody, at once and for ever; nobody has to receive it;    *)
(*  - a Byzantine member has signed everything it may sign: a certificate exists as soon as the correct  *)
(*    votes and all Byzantine members are a quorum, and its VIEW-CHANGE says whatever an acknowledging   *)
(*    correct member would let pass;                                                                     *)
(*  - what a node has only learnt (a certificate, a view entered by one) is chosen when it is used, so   *)
(*    that a crash has nothing volatile to lose: the record of a node is what it has on disk.            *)
EXTENDS Integers, Sequences, FiniteSets, TLC

CONSTANTS
  Node,         \* the committee
  Byzantine,    \* its members that are Byzantine from the beginning
  Turncoats,    \* members that may become Byzantine later
  Schedule,     \* Schedule[e + 1][v + 1] leads view v of epoch e; it also says how many epochs and views there are
  Indices,      \* Indices[e + 1] slots in each view of epoch e
  Contents,     \* so many different children may one block have in one epoch
  EpochBlocks,  \* a block of height EpochBlocks * (e + 1) is the last of epoch e
  FastPath,     \* genesis: fast_path
  MaxWipes,     \* so often may a node lose its durable state
  WalkLastView, \* FALSE: no votes in the last view; LastViewStands judges all that could be voted for there
  Watched,      \* what must be reached, see Watch
  Mutant        \* "none", or the rule that is broken

VARIABLES
  votes,  \* votes[i][slot]: the blocks that i, while correct, sent a CONFIRM for
  vcs,    \* vcs[i][<<e, v>>]: the VIEW-CHANGE to view v that i, while correct, has sent, or NoViewChange
  rec,    \* rec[i]: what i has on disk (VoteRecord in consensus/engine.h)
  byz,    \* who is Byzantine by now
  wipes,  \* how many times a durable state was lost
  \* These follow from votes and byz, and are kept only so that TLC need not count again and again:
  seen,   \* the blocks that a correct member has voted for
  certs,  \* the certificates that there are
  fasts   \* those of them that are signed by a fast quorum

vars == <<votes, vcs, rec, byz, wipes, seen, certs, fasts>>
kept == <<seen, certs, fasts>>

---------------------------------------------------------------------------------------------------------
(* Committee (docs/consensus.md "Committee"; model/quorum.h) *)

N == Cardinality(Node)
F == (N - 1) \div 3
P == (N - 3 * F + 1) \div 2
Max(a, b) == IF a > b THEN a ELSE b
Quorum == IF Mutant = "quorum_one_lower" THEN (N + F + 2) \div 2 - 1 ELSE (N + F + 2) \div 2
Fast == Max(Quorum, N - P)
ViewChangeSet == IF Mutant = "new_view_of_f_plus_1" THEN F + 1 ELSE N - F
Reproposal == IF Mutant = "threshold_one_lower" THEN N - P - 2 * F ELSE N - P - 2 * F + 1

---------------------------------------------------------------------------------------------------------
(* Slots and blocks ("Slots and blocks") *)

Epochs == 0 .. Len(Schedule) - 1
Views(e) == 0 .. Len(Schedule[e + 1]) - 1
Leader(e, v) == Schedule[e + 1][v + 1]
SlotsOf == [e \in Epochs |-> {<<e, v, k>> : v \in Views(e), k \in 0 .. Indices[e + 1] - 1}]
Slots == UNION {SlotsOf[e] : e \in Epochs}
Changes == UNION {{<<e, v>> : v \in Views(e) \ {0}} : e \in Epochs}

Less(a, b) == \/ a[1] < b[1]
              \/ a[1] = b[1] /\ (a[2] < b[2] \/ (a[2] = b[2] /\ a[3] < b[3]))
StartSlot(e) == <<e, 0, -1>>

\* A block is the path from genesis to it: a sequence of labels. A label says in which epoch the block was made and
\* tells siblings apart; as in the real digest, neither view nor slot is in it, so what is proposed again stays the same.
Genesis == <<>>
Label(e, c) == 10 * e + c
EpochOf(b) == b[Len(b)] \div 10
Parent(b) == SubSeq(b, 1, Len(b) - 1)
Extends(b, a) == Len(a) <= Len(b) /\ SubSeq(b, 1, Len(a)) = a

\* A block of epoch e above the epoch's last one is void ("Epochs"): no height, never committed.
InEpoch(b, e) == Cardinality({k \in 1 .. Len(b) : b[k] \div 10 = e})
IsVoid(b) == Mutant # "void_counted" /\ b # Genesis /\ InEpoch(b, EpochOf(b)) > EpochBlocks
RECURSIVE Numbered(_)  \* the block itself, or the last block of the epoch below a void one
Numbered(b) == IF IsVoid(b) THEN Numbered(Parent(b)) ELSE b
EndsEpoch(b) == b # Genesis /\ InEpoch(b, EpochOf(b)) = EpochBlocks

\* What may be proposed on b in epoch e: any child there is, or the next new one.
Children(b, e) ==
  {Append(b, Label(e, c)) : c \in {c \in 1 .. Contents :
     c = 1 \/ Append(b, Label(e, c)) \in seen \/ Append(b, Label(e, c - 1)) \in seen}}

---------------------------------------------------------------------------------------------------------
(* Certificates and commit ("Commit"; check_commit_rules) *)

Signers(s, b, by) == Cardinality({i \in Node \ by : b \in votes'[i][s]}) + Cardinality(by)
AtLeast(number, by) ==
  UNION {{[slot |-> s, block |-> b] : b \in {b \in UNION {votes'[i][s] : i \in Node} : Signers(s, b, by) >= number}} :
         s \in Slots}
CertificatesAt(s) == {c \in certs : c.slot = s}
Certificates(e) == {c \in certs : c.slot[1] = e}
FastCommits == IF FastPath THEN fasts ELSE {}

\* [lower, upper]: certificates of two slots in a row of one view, the upper one on the lower one's child.
ChainCommits == {x \in [lower : certs, upper : certs] :
                   LET l == x.lower.slot  u == x.upper.slot
                   IN /\ IF Mutant = "two_chain_across_views" THEN l[1] = u[1] /\ Less(l, u)
                         ELSE u = <<l[1], l[2], l[3] + 1>>
                      /\ x.upper.block # Genesis
                      /\ Parent(x.upper.block) = x.lower.block}

Committed == {Numbered(c.block) : c \in FastCommits} \cup {Numbered(c.lower.block) : c \in ChainCommits}
             \cup (IF Mutant = "commit_on_one_certificate"
                     THEN {Numbered(c.block) : c \in certs} ELSE {})

\* The epoch's parent block: everybody knows it from the chain. Two of them would break Agreement first.
Started(e) == e = 0 \/ \E b \in Committed : EndsEpoch(b) /\ EpochOf(b) = e - 1
Start(e) == [slot |-> StartSlot(e), block |-> IF e = 0 THEN Genesis
                                              ELSE CHOOSE b \in Committed : EndsEpoch(b) /\ EpochOf(b) = e - 1]

---------------------------------------------------------------------------------------------------------
(* Select ("Select"; kernel/select.cc). V is a function from signers to [high, last]. A set of results:   *)
(* empty if V holds a leader that V proves to have equivocated.                                           *)

NoVote(e) == [slot |-> StartSlot(e), block |-> Genesis]
NewChild == <<>>  \* never a block that is proposed: the genesis stands here for 'a new child of J'

Select(e, V) ==
  LET highs == {V[i].high : i \in DOMAIN V}
      J == CHOOSE h \in highs : \A g \in highs :
             IF Mutant = "any_certificate" THEN ~Less(g.slot, h.slot) ELSE ~Less(h.slot, g.slot)
      U == {i \in DOMAIN V : Mutant # "last_vote_ignored" /\ Less(J.slot, V[i].last.slot)}
      w == (CHOOSE i \in U : \A j \in U : ~Less(V[i].last.slot, V[j].last.slot))
      top == V[w].last.slot
      at == {i \in U : V[i].last.slot = top}
      contents == {V[i].last.block : i \in at}
      strong == {b \in contents : Cardinality({i \in at : V[i].last.block = b}) >= Reproposal}
  IN IF U = {} THEN {[high |-> J, again |-> NewChild, forked |-> FALSE]}
     ELSE IF Cardinality(contents) = 1 THEN {[high |-> J, again |-> b, forked |-> FALSE] : b \in contents}
     ELSE IF Leader(e, top[2]) \in DOMAIN V /\ Mutant # "equivocator_not_excluded" THEN {}
     ELSE IF strong = {} THEN {[high |-> J, again |-> NewChild, forked |-> TRUE]}
     ELSE {[high |-> J, again |-> b, forked |-> TRUE] : b \in strong}

---------------------------------------------------------------------------------------------------------
(* View changes ("View changes"; check_view_change, ackable, check_new_view) *)

NoViewChange == [high |-> NoVote(0), last |-> NoVote(0), sent |-> FALSE]

\* What NEW-VIEW `nv` allows at index 0 of its view.
Allowed(nv, e) == IF nv.again = NewChild THEN Children(nv.high.block, e) ELSE {nv.again}

\* Blocks that a correct member acknowledges as a last vote at slot s next to highQC h (ackable), and that the
\* primary of s has signed. earlier[w]: the NEW-VIEWs of view w.
Acknowledged(s, h, earlier) ==
  LET e == s[1]
      under == IF s[3] > 0 THEN (IF h.slot = <<e, s[2], s[3] - 1>> THEN Children(h.block, e) ELSE {})
               ELSE IF s[2] = 0 THEN Children(Start(e).block, e)
               ELSE IF Mutant = "ack_without_new_view" THEN seen \cup Children(h.block, e)
               ELSE UNION {Allowed(nv, e) : nv \in {nv \in earlier[s[2]] : ~Less(h.slot, nv.high.slot)}}
  IN {b \in under : Leader(e, s[2]) \in byz \/ b \in votes[Leader(e, s[2])][s]}

\* The VIEW-CHANGEs to view v that a Byzantine member can get acknowledged: one of its f+1 is correct and checked it.
ByzantineViewChanges(e, v, earlier) ==
  LET highs == {h \in {Start(e)} \cup Certificates(e) : h.slot[2] < v}
      lasts(h) == UNION {{[slot |-> s, block |-> b] : b \in Acknowledged(s, h, earlier)} :
                          s \in {s \in SlotsOf[e] : s[2] < v /\ Less(h.slot, s)}}
  IN UNION {{[high |-> h, last |-> l, sent |-> TRUE] : l \in lasts(h) \cup {NoVote(e)}} : h \in highs}

\* All NEW-VIEWs of view v that a receiver accepts: V is n-f acknowledged VIEW-CHANGEs, and Select is recomputed.
NewViewsOf(e, v, earlier) ==
  LET sent == {i \in Node \ byz : vcs[i][<<e, v>>].sent}
      sets == {V \in SUBSET (sent \cup byz) : Cardinality(V) = ViewChangeSet}
      free == ByzantineViewChanges(e, v, earlier)
  IN UNION {UNION {
       Select(e, [i \in V |-> IF i \in byz THEN lie[i] ELSE vcs[i][<<e, v>>]])
     : lie \in [V \cap byz -> free]} : V \in sets}

EnoughChanging(e, v) ==
  Cardinality({i \in Node \ byz : vcs[i][<<e, v>>].sent}) + Cardinality(byz) >= ViewChangeSet
Highest(views) == IF views = {} THEN 0 ELSE CHOOSE v \in views : \A w \in views : w <= v

\* NewViews(e, v)[w] for all w <= v, lowest first, each from those before it.
RECURSIVE NewViews(_, _)
NewViews(e, v) == IF v = 0 THEN <<>>
                  ELSE LET earlier == TLCEval(NewViews(e, v - 1))
                       IN Append(earlier, TLCEval(NewViewsOf(e, v, earlier)))
LastView(e) == Len(Schedule[e + 1]) - 1

---------------------------------------------------------------------------------------------------------
(* Actions *)

Never == -1  \* rec[i].above of a member that never rejoined, of one that has, and else what it waits for
Done == -2
Active(i) == i \notin byz /\ rec[i].above < 0  \* participates(): neither Byzantine nor rejoining
Higher(a, b) == IF Less(a.slot, b.slot) THEN b ELSE a

\* What anybody may vote for at slot s, and the certificate it rests on ("Vote rule", 3; justified()).
Proposable(s, newViews) ==
  LET e == s[1]
  IN IF s[3] > 0 THEN UNION {{[block |-> b, justify |-> c] : b \in Children(c.block, e)} :
                              c \in CertificatesAt(<<e, s[2], s[3] - 1>>)}
     ELSE IF s[2] = 0 THEN {[block |-> b, justify |-> Start(e)] : b \in Children(Start(e).block, e)}
     ELSE UNION {{[block |-> b, justify |-> nv.high] : b \in Allowed(nv, e)} : nv \in newViews[s[2]]}

\* "Vote rule"; try_vote(), propose(). A correct primary proposes by voting, once a slot; of a Byzantine one there are
\* proposals for all. Entering the view by NEW-VIEW or certificate is part of it. Record and CONFIRM are one step:
\* a vote that is durable but never left is one that nobody counts.
MayVote(i, s) == /\ Active(i)
                 /\ rec[i].epoch = s[1]
                 /\ rec[i].view <= s[2]
                 /\ Less(rec[i].last.slot, s)
Vote(i, s, p) ==
  /\ Leader(s[1], s[2]) \in byz \cup {i} \/ p.block \in votes[Leader(s[1], s[2])][s]
  /\ votes' = [votes EXCEPT ![i][s] = @ \cup {p.block}]
  /\ rec' = [rec EXCEPT ![i].view = s[2], ![i].last = [slot |-> s, block |-> p.block],
                        ![i].high = Higher(@, p.justify)]
  /\ seen' = seen \cup {p.block}
  /\ LET here == {[slot |-> s, block |-> p.block]}
         signers == Signers(s, p.block, byz)
     IN /\ certs' = certs \cup (IF signers >= Quorum THEN here ELSE {})
        /\ fasts' = fasts \cup (IF signers >= Fast THEN here ELSE {})
  /\ UNCHANGED <<vcs, byz, wipes>>

\* "View changes"; start_view_change(). For whatever cause: time-out, evidence, tenure, joining. Any certificate may
\* have been learnt by now. It is sent again byte for byte, so there is one for each view.
ViewChange(i, v) ==
  LET e == rec[i].epoch
  IN /\ Active(i)
     /\ rec[i].view < v
     /\ \E high \in {rec[i].high} \cup {c \in Certificates(e) : Less(rec[i].high.slot, c.slot) /\ c.slot[2] < v} :
          /\ vcs' = [vcs EXCEPT ![i][<<e, v>>] =
               [high |-> high, last |-> IF Less(high.slot, rec[i].last.slot) THEN rec[i].last ELSE NoVote(e),
                sent |-> TRUE]]
          /\ rec' = [rec EXCEPT ![i].view = v, ![i].high = high]
     /\ UNCHANGED <<votes, byz, wipes, kept>>

\* "Epochs"; enter_epoch(): on any commit certificate of the epoch's last block.
EnterEpoch(i) ==
  LET e == rec[i].epoch + 1
  IN /\ Active(i) /\ e \in Epochs /\ Started(e)
     /\ rec' = [rec EXCEPT ![i] = [epoch |-> e, view |-> 0, last |-> NoVote(e), high |-> Start(e), above |-> @.above]]
     /\ UNCHANGED <<votes, vcs, byz, wipes, kept>>

\* "Durable state": a crash keeps the record, and with it everything. Only a broken rule makes it a step.
Recovered(r) == CASE Mutant = "last_vote_forgotten" -> [r EXCEPT !.last = NoVote(r.epoch)]
                  [] Mutant = "high_forgotten" -> [r EXCEPT !.high = Start(r.epoch)]
                  [] OTHER -> r
Crash(i) == /\ Active(i)
            /\ Recovered(rec[i]) # rec[i]
            /\ rec' = [rec EXCEPT ![i] = Recovered(rec[i])]
            /\ UNCHANGED <<votes, vcs, byz, wipes, kept>>

\* "Rejoin". The record is lost. At most f members are Byzantine or rejoining together. The others' answers: the n-f
\* lowest, given as early as can be (later ones are only higher); a Byzantine one says view 0.
Rejoining == {i \in Node \ byz : rec[i].above >= 0}
Stand(e, v) == 100 * e + v
Wipe(i) ==
  /\ Active(i)
  /\ wipes < MaxWipes
  /\ Cardinality(byz) + Cardinality(Rejoining) < F
  /\ LET others == {j \in Node \ {i} : Active(j)}
         below(m) == Cardinality({j \in others : Stand(rec[j].epoch, rec[j].view) <= m}) + Cardinality(byz)
         heights == {Stand(rec[j].epoch, rec[j].view) : j \in others}
         m == CHOOSE h \in heights : below(h) >= N - F /\ \A g \in heights : below(g) >= N - F => h <= g
     IN rec' = [rec EXCEPT ![i] = [epoch |-> 0, view |-> 0, last |-> NoVote(0), high |-> Start(0), above |-> m]]
  /\ wipes' = wipes + 1
  /\ UNCHANGED <<votes, vcs, byz, kept>>

\* maybe_finish_rejoin(): a commit certificate of a view strictly higher than all of them.
Rejoin(i) ==
  /\ i \in Rejoining
  /\ \E c \in FastCommits \cup {x.upper : x \in ChainCommits} :
       /\ \/ Stand(c.slot[1], c.slot[2]) > rec[i].above
          \/ Mutant = "rejoin_higher_or_equal" /\ Stand(c.slot[1], c.slot[2]) = rec[i].above
       /\ rec' = [rec EXCEPT ![i] =
            [epoch |-> c.slot[1], view |-> c.slot[2], high |-> c, above |-> Done,
             last |-> c]]
  /\ UNCHANGED <<votes, vcs, byz, wipes, kept>>

Turn(i) == /\ i \in Turncoats /\ Active(i)
           /\ Cardinality(byz) + Cardinality(Rejoining) < F
           /\ byz' = byz \cup {i}
           /\ UNCHANGED <<votes, vcs, rec, wipes, seen>>
           /\ certs' = AtLeast(Quorum, byz')
           /\ fasts' = AtLeast(Fast, byz')

Init == /\ votes = [i \in Node |-> [s \in Slots |-> {}]]
        /\ vcs = [i \in Node |-> [c \in Changes |-> NoViewChange]]
        /\ rec = [i \in Node |-> [epoch |-> 0, view |-> 0, last |-> NoVote(0), high |-> NoVote(0), above |-> Never]]
        /\ byz = Byzantine
        /\ wipes = 0
        /\ seen = {} /\ certs = {} /\ fasts = {}

Walked(e, v) == WalkLastView \/ e < Len(Schedule) - 1 \/ v < LastView(e)

Next == \/ \E e \in Epochs :
             LET voters(s) == {i \in Node : MayVote(i, s)}
                 wanted == {v \in Views(e) \ {0} : Walked(e, v) /\ voters(<<e, v, 0>>) # {} /\ EnoughChanging(e, v)}
                 newViews == TLCEval(NewViews(e, Highest(wanted)))  \* the costly part: only as far as it is asked for
             IN \E s \in {s \in SlotsOf[e] : Walked(e, s[2])} :
                  LET these == voters(s)
                  IN /\ these # {}
                     /\ s[3] = 0 /\ s[2] > 0 => s[2] \in wanted
                     /\ \E p \in Proposable(s, newViews) : \E i \in these : Vote(i, s, p)
        \/ \E i \in Node \ byz : \/ \E v \in Views(rec[i].epoch) : ViewChange(i, v)
                                 \/ EnterEpoch(i) \/ Crash(i) \/ Wipe(i) \/ Rejoin(i) \/ Turn(i)

Spec == Init /\ [][Next]_vars

---------------------------------------------------------------------------------------------------------
(* What must hold *)

\* No two committed blocks leave each other: one block a height.
Agreement == \A a, b \in Committed : Extends(a, b) \/ Extends(b, a)

\* The two halves of one argument ("Why it is safe"): one certificate a slot...
OneCertificate == \A c, d \in certs : c.slot = d.slot => c = d

\* ...and what is committed is extended by every later certificate of its epoch.
CommitStands ==
  LET commits == FastCommits \cup {x.lower : x \in ChainCommits}
  IN \A c \in commits : \A d \in certs : c.slot[1] = d.slot[1] /\ Less(c.slot, d.slot) => Extends(d.block, c.block)

\* Whatever may be proposed at the beginning of the last view extends what is committed, and so does all that is built on it
\* there. The members have votes enough to certify it, and nothing in the views before depends on whether they do: a
\* configuration that leaves them out loses no violation, and most of its states.
LastViewStands ==
  \/ WalkLastView
  \/ LET e == Len(Schedule) - 1
         v == LastView(e)
     IN (IF v = 0 THEN Started(e) ELSE EnoughChanging(e, v)) =>
          \A p \in Proposable(<<e, v, 0>>, NewViews(e, v)) : \A c \in Committed : Extends(p.block, c)

\* A correct member votes once a slot, over crashes and rejoins.
OneVote == \A i \in Node, s \in Slots : Cardinality(votes[i][s]) <= 1

---------------------------------------------------------------------------------------------------------
(* What must be reached, so that the invariants are not true for want of anything happening. Each is said  *)
(* once; spec/check fails if one that a configuration watches for was not.                                 *)

Again == \E c \in certs : c.slot[2] > 0 /\ c.slot[3] = 0 /\
           \E i \in Node, s \in Slots : s[1] = c.slot[1] /\ s[2] < c.slot[2] /\ c.block \in votes[i][s]
AllNewViews == UNION {UNION {NewViews(e, LastView(e))[v] : v \in 1 .. LastView(e)} : e \in Epochs}
Names == <<"fast commit", "two-chain commit", "commit in a later view", "re-proposal certified",
           "equivocation resolved", "void block certified", "next epoch commits", "rejoined member votes",
           "equivocation: new child">>
Holds(k) ==
  CASE k = 1 -> FastCommits # {}
    [] k = 2 -> ChainCommits # {}
    [] k = 3 -> \E c \in FastCommits \cup {x.upper : x \in ChainCommits} : c.slot[2] > 0
    [] k = 4 -> Again
    [] k = 5 -> \E nv \in AllNewViews : nv.forked /\ nv.again # NewChild
    [] k = 6 -> \E c \in certs : IsVoid(c.block)
    [] k = 7 -> \E b \in Committed : b # Genesis /\ EpochOf(b) > 0
    [] k = 8 -> \E i \in Node : rec[i].above = Done /\ Less(rec[i].high.slot, rec[i].last.slot)
    [] k = 9 -> \E nv \in AllNewViews : nv.forked /\ nv.again = NewChild
    [] OTHER -> FALSE
ASSUME \A k \in 1 .. Len(Names) : TLCSet(k, FALSE)
Watch == \A k \in 1 .. Len(Names) :
           (Names[k] \in Watched /\ ~TLCGet(k) /\ Holds(k)) => (PrintT("reached " \o Names[k]) /\ TLCSet(k, TRUE))
===================================================================================
