@host-control @clock
Feature: Automatic debits, with consent and never without
  A gym, a parking lot, a club: the shop takes the money by itself. It may take what the payer has agreed to, by a code on the phone, and not a fen
  more; and when the payer has had enough of it, nothing.

  Background:
    Given Alice has 500.00 CNY in the bank
    And "Noodle House" asks Alice to agree to debits of at most 50.00 CNY, 80.00 CNY a day and 150.00 CNY a month

  @MER-050 @MER-051
  Scenario: What was agreed to is taken, told, and paid to the shop less its fee
    Given Alice agrees to the debits
    When "Noodle House" debits Alice 30.00 CNY under number "1"
    Then the office says OK
    And Alice has 470.00 CNY left in the bank
    And Alice was texted of 1 debit
    And the statement of "Noodle House" for today has
      | what  | amount    | price     | fee      | net       | explained                    |
      | debit | 30.00 CNY | agreement | 0.09 CNY | 29.91 CNY | 30.00 CNY × 0.30% = 0.09 CNY |

  @MER-050
  Scenario: Nobody is debited who has not agreed yet
    When "Noodle House" debits Alice 30.00 CNY under number "1"
    Then the office says NO_CONSENT
    And Alice has 500.00 CNY left in the bank

  @MER-050
  Scenario: ... nor who does not agree any more
    Given Alice agrees to the debits
    When Alice cancels the debits
    And "Noodle House" debits Alice 30.00 CNY under number "1"
    Then the office says NO_CONSENT
    And Alice has 500.00 CNY left in the bank

  @MER-052
  Scenario: Whoever types another code has agreed to nothing
    When Alice types a wrong code for the debits
    Then the office says CODE_WRONG
    And Alice has 500.00 CNY left in the bank

  @MER-053
  Scenario: When its days are over consent is over
    Given Alice agrees to the debits
    And 366 days pass
    When "Noodle House" debits Alice 30.00 CNY under number "1"
    Then the office says CONSENT_EXPIRED
    And Alice has 500.00 CNY left in the bank

  @MER-054
  Scenario: No debit is larger than agreed
    Given Alice agrees to the debits
    When "Noodle House" debits Alice 50.01 CNY under number "1"
    Then the office says OVER_CAP
    And Alice has 500.00 CNY left in the bank

  @MER-055
  Scenario: No day is dearer than agreed
    Given Alice agrees to the debits
    And "Noodle House" debits Alice 50.00 CNY under number "1"
    When "Noodle House" debits Alice 30.01 CNY under number "2"
    Then the office says OVER_CAP
    And Alice has 450.00 CNY left in the bank

  @MER-055
  Scenario: No month is dearer than agreed
    Given Alice agrees to the debits
    And "Noodle House" debits Alice 50.00 CNY under number "1"
    And 24 hours pass
    And "Noodle House" debits Alice 50.00 CNY under number "2"
    And 24 hours pass
    And "Noodle House" debits Alice 50.00 CNY under number "3"
    And 24 hours pass
    When "Noodle House" debits Alice 0.01 CNY under number "4"
    Then the office says OVER_CAP
    And Alice has 350.00 CNY left in the bank

  @MER-055
  Scenario: ... and the next one begins anew
    Given Alice agrees to the debits
    And "Noodle House" debits Alice 50.00 CNY under number "1"
    And 24 hours pass
    And "Noodle House" debits Alice 50.00 CNY under number "2"
    And 30 days pass
    And "Noodle House" debits Alice 50.00 CNY under number "3"
    When "Noodle House" debits Alice 30.00 CNY under number "4"
    Then the office says OK
    And Alice has 320.00 CNY left in the bank

  @MER-056
  Scenario: Nor are there more debits a month than agreed
    Given Alice agrees to the debits
    And "Noodle House" debits Alice 1.00 CNY under number "1"
    And "Noodle House" debits Alice 1.00 CNY under number "2"
    And "Noodle House" debits Alice 1.00 CNY under number "3"
    And "Noodle House" debits Alice 1.00 CNY under number "4"
    When "Noodle House" debits Alice 1.00 CNY under number "5"
    Then the office says OVER_CAP
    And Alice has 496.00 CNY left in the bank

  @MER-057
  Scenario: A debit that is asked for again is the same debit
    Given Alice agrees to the debits
    And "Noodle House" debits Alice 30.00 CNY under number "1"
    When "Noodle House" debits Alice 30.00 CNY under number "1"
    Then the office says DEBIT_REPEATED
    And Alice has 470.00 CNY left in the bank

  @MER-058
  Scenario: Who has too little money is asked again the next day
    Given Alice agrees to the debits
    And Alice has 10.00 CNY in the bank
    And "Noodle House" debits Alice 30.00 CNY under number "1"
    And Alice has 100.00 CNY in the bank
    When 24 hours pass
    Then the debits of "Noodle House" are
      | number | amount    | state | tries |
      | 1      | 30.00 CNY | paid  | 2     |
    And Alice has 70.00 CNY left in the bank

  @MER-058
  Scenario: ... three times in all
    Given Alice agrees to the debits
    And Alice has 10.00 CNY in the bank
    And "Noodle House" debits Alice 30.00 CNY under number "1"
    When 7 days pass
    Then the debits of "Noodle House" are
      | number | amount    | state  | tries |
      | 1      | 30.00 CNY | failed | 3     |
    And Alice was texted of 0 debits

  @MER-059
  Scenario: Who cancels is not asked again
    Given Alice agrees to the debits
    And Alice has 10.00 CNY in the bank
    And "Noodle House" debits Alice 30.00 CNY under number "1"
    And Alice has 100.00 CNY in the bank
    When Alice cancels the debits
    And 7 days pass
    Then the debits of "Noodle House" are
      | number | state  |
      | 1      | failed |
    And Alice has 100.00 CNY left in the bank

  @MER-059
  Scenario: A debit that races the cancel is taken or not, once, and known in the end
    Given Alice agrees to the debits
    And the bank of Alice pays debits and says nothing
    And "Noodle House" debits Alice 30.00 CNY under number "1"
    When Alice cancels the debits
    And the bank of Alice answers again
    And 2 hours pass
    Then the debits of "Noodle House" are
      | number | amount    | state |
      | 1      | 30.00 CNY | paid  |
    And Alice has 470.00 CNY left in the bank
    And Alice was texted of 1 debit

  @MER-020
  Scenario: What the payer's bank has not answered is asked about, and not taken again
    Given Alice agrees to the debits
    And the bank of Alice pays debits and says nothing
    And "Noodle House" debits Alice 30.00 CNY under number "1"
    And 48 hours pass
    And the bank of Alice answers again
    When 24 hours pass
    Then Alice has 470.00 CNY left in the bank
    And the debits of "Noodle House" are
      | number | state | tries |
      | 1      | paid  | 1     |

  @MER-060
  Scenario: Other sums need another consent
    Given Alice agrees to the debits
    When "Noodle House" asks Alice to agree to other debits of at most 90.00 CNY, 90.00 CNY a day and 300.00 CNY a month
    And "Noodle House" debits Alice 90.00 CNY under number "1"
    Then the office says OVER_CAP

  @MER-060
  Scenario: ... and are debited once he has given it
    Given Alice agrees to the debits
    And "Noodle House" asks Alice to agree to other debits of at most 90.00 CNY, 90.00 CNY a day and 300.00 CNY a month
    And Alice agrees to the debits
    When "Noodle House" debits Alice 90.00 CNY under number "2"
    Then the office says OK
    And Alice has 410.00 CNY left in the bank

  @MER-061
  Scenario: Enjoyed first and paid later
    Given Alice agrees to the debits
    And "Noodle House" debits Alice 30.00 CNY under number "1", due in 7 days
    And Alice has 500.00 CNY left in the bank
    When 8 days pass
    Then the debits of "Noodle House" are
      | number | amount    | state | tries |
      | 1      | 30.00 CNY | paid  | 1     |
    And Alice has 470.00 CNY left in the bank

  @MER-061
  Scenario: ... or overdue, and still to be collected
    Given Alice agrees to the debits
    And Alice has 0.00 CNY in the bank
    And "Noodle House" debits Alice 30.00 CNY under number "1", due in 7 days
    When 14 days pass
    Then the debits of "Noodle House" are
      | number | state   |
      | 1      | overdue |

  @MER-061
  Scenario: What is overdue is not due a second time
    Given Alice agrees to the debits
    And Alice has 0.00 CNY in the bank
    And "Noodle House" debits Alice 30.00 CNY under number "1", due in 7 days
    And 14 days pass
    When "Noodle House" debits Alice 30.00 CNY under number "1"
    Then the debits of "Noodle House" are
      | number | state   |
      | 1      | overdue |
    And Alice has 0.00 CNY left in the bank

  @MER-110
  Scenario: A card that is revoked is not tried again
    Given Alice agrees to the debits
    And Alice has 10.00 CNY in the bank
    And "Noodle House" debits Alice 30.00 CNY under number "1"
    And the bank of Alice revokes the card
    When 7 days pass
    Then the debits of "Noodle House" are
      | number | state  | tries |
      | 1      | failed | 2     |

  @MER-110
  Scenario: ... and there is no agreement any more
    Given Alice agrees to the debits
    And the bank of Alice revokes the card
    And "Noodle House" debits Alice 30.00 CNY under number "1"
    And Alice has 500.00 CNY in the bank
    When "Noodle House" debits Alice 30.00 CNY under number "2"
    Then the office says NO_CONSENT
    And Alice has 500.00 CNY left in the bank

  @MER-111
  Scenario: A member is debited once a month
    Given Alice agrees to the debits
    And "Noodle House" makes Alice a member for 20.00 CNY a month
    When 65 days pass
    Then the debits of "Noodle House" are
      | number         | amount    | state |
      | member/2026-06 | 20.00 CNY | paid  |
      | member/2026-07 | 20.00 CNY | paid  |
      | member/2026-08 | 20.00 CNY | paid  |
    And Alice has 440.00 CNY left in the bank

  @MER-111
  Scenario: ... until he cancels
    Given Alice agrees to the debits
    And "Noodle House" makes Alice a member for 20.00 CNY a month
    When Alice cancels the debits
    And 65 days pass
    Then Alice has 480.00 CNY left in the bank

  @MER-112
  Scenario: A coupon makes a debit cheaper
    Given Alice agrees to the debits
    When "Noodle House" debits Alice 30.00 CNY under number "1", with coupon "C1" of 5.00 CNY
    Then the office says OK
    And Alice has 475.00 CNY left in the bank

  @MER-112
  Scenario: ... once
    Given Alice agrees to the debits
    And "Noodle House" debits Alice 30.00 CNY under number "1", with coupon "C1" of 5.00 CNY
    When "Noodle House" debits Alice 30.00 CNY under number "2", with coupon "C1" of 5.00 CNY
    Then the office says COUPON_USED
    And Alice has 475.00 CNY left in the bank
