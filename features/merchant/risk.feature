@host-control
Feature: What passes and what does not
  The acquirer pays today and hears of the fraud next month. It bounds what each card, each shop and each till may do in a day and in a month, how
  often in a few minutes, and by which way of reading; it blocks cards, and has a person look at what is large. The till says which it was.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @MER-080
  Scenario Outline: A card may pay 100.00 a day: <amount> more is <verdict>
    Given the acquirer takes at most 100.00 CNY a day of each card
    And Bob has paid 60.00 CNY at "T1"
    When Bob swipes <amount> at "T1"
    Then "T1" shows <screen>
    And the answer to the 2nd sale carries
      | field | value  |
      | code  | <code> |
    And Bob's card holds <left>

    Examples:
      | amount    | verdict | code | screen       | left        |
      | 40.00 CNY | fine    | 00   | APPROVED     | 4900.00 CNY |
      | 40.01 CNY | refused | 61   | AMOUNT_LIMIT | 4940.00 CNY |

  @MER-080 @clock
  Scenario: The next day begins anew
    Given the acquirer takes at most 100.00 CNY a day of each card
    And Bob has paid 60.00 CNY at "T1"
    And 24 hours pass
    And operator "01" logs in at "T1"
    When Bob swipes 100.00 CNY at "T1"
    Then "T1" shows APPROVED
    And Bob's card holds 4840.00 CNY

  @MER-081
  Scenario: What one card has paid is not counted against another
    Given the acquirer takes at most 100.00 CNY a day of each card
    And Bob has paid 60.00 CNY at "T1"
    When Alice swipes 60.00 CNY at "T1" and enters her PIN
    Then "T1" shows APPROVED
    And Alice's card holds 940.00 CNY

  @MER-081
  Scenario: A card is the same card at every shop
    Given the acquirer takes at most 100.00 CNY a day of each card
    And till "T3" of "Tea House" has signed in
    And Bob has paid 60.00 CNY at "T1"
    When Bob swipes 60.00 CNY at "T3"
    Then "T3" shows AMOUNT_LIMIT
    And Bob's card holds 4940.00 CNY

  @MER-082
  Scenario: A shop is all its tills
    Given the acquirer takes at most 100.00 CNY a day of each merchant
    And till "T2" of "Noodle House" has signed in
    And Bob has paid 60.00 CNY at "T1"
    When Bob swipes 60.00 CNY at "T2"
    Then "T2" shows AMOUNT_LIMIT
    And "Noodle House" is owed 60.00 CNY

  @MER-082
  Scenario: ... and a till is that till
    Given the acquirer takes at most 100.00 CNY a day of each terminal
    And till "T2" of "Noodle House" has signed in
    And Bob has paid 60.00 CNY at "T1"
    When Bob swipes 60.00 CNY at "T2"
    Then "T2" shows APPROVED
    And "Noodle House" is owed 120.00 CNY

  @MER-083 @clock
  Scenario: A month is one sum
    Given the acquirer takes at most 100.00 CNY a month of each card
    And Bob has paid 60.00 CNY at "T1"
    And 24 hours pass
    And operator "01" logs in at "T1"
    When Bob swipes 60.00 CNY at "T1"
    Then "T1" shows AMOUNT_LIMIT
    And Bob's card holds 4940.00 CNY

  @MER-083 @clock
  Scenario: ... and the next is another
    Given the acquirer takes at most 1 payments a month of each card
    And Bob has paid 60.00 CNY at "T1"
    And 30 days pass
    And operator "01" logs in at "T1"
    When Bob swipes 60.00 CNY at "T1"
    Then "T1" shows APPROVED
    And Bob's card holds 4880.00 CNY

  @MER-084
  Scenario: A shop whose stripes were copied takes few of them
    Given "Noodle House" takes at most 50.00 CNY by swipe
    When Bob swipes 50.01 CNY at "T1"
    Then "T1" shows AMOUNT_LIMIT
    And the answer to the 1st sale carries
      | field | value |
      | code  | 61    |
    And Bob's card holds 5000.00 CNY

  @MER-084
  Scenario: ... or none
    Given "Noodle House" takes nothing by swipe
    When Bob swipes 1.00 CNY at "T1"
    Then "T1" shows CARD_NOT_PERMITTED
    And the answer to the 1st sale carries
      | field | value |
      | code  | 57    |
    And Bob's card holds 5000.00 CNY

  @MER-084
  Scenario: What is bounded by typing passes by swipe
    Given "Noodle House" takes nothing by typing
    When Bob swipes 1.00 CNY at "T1"
    Then "T1" shows APPROVED
    And Bob's card holds 4999.00 CNY

  @MER-085 @clock
  Scenario: Who tries a card again and again is stopped, also when it was declined each time
    Given the acquirer takes at most 2 attempts in 10 minutes of each card
    And Alice swipes 5000.00 CNY at "T1" and enters her PIN
    And Alice swipes 4000.00 CNY at "T1" and enters her PIN
    When Alice swipes 10.00 CNY at "T1" and enters her PIN
    Then "T1" shows COUNT_LIMIT
    And the answer to the 3rd sale carries
      | field | value |
      | code  | 65    |
    And Alice's card holds 1000.00 CNY

  @MER-085 @clock
  Scenario: The minutes are counted back from now, whatever the clock shows
    Given the acquirer takes at most 2 attempts in 40 minutes of each terminal
    And Bob has paid 10.00 CNY at "T1"
    And 28 minutes pass
    And operator "01" logs in at "T1"
    And Bob has paid 10.00 CNY at "T1"
    And 5 minutes pass
    And operator "01" logs in at "T1"
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows COUNT_LIMIT
    And Bob's card holds 4980.00 CNY

  @MER-085 @clock
  Scenario: After a while he may try again
    Given the acquirer takes at most 1 attempts in 10 minutes of each card
    And Bob has paid 10.00 CNY at "T1"
    And 11 minutes pass
    And operator "01" logs in at "T1"
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And Bob's card holds 4980.00 CNY

  @MER-086
  Scenario: What was voided may be paid again
    Given the acquirer takes at most 100.00 CNY a day of each card
    And Bob has paid 100.00 CNY at "T1"
    And Bob has the 1st sale voided at "T1"
    When Bob swipes 100.00 CNY at "T1"
    Then "T1" shows APPROVED
    And Bob's card holds 4900.00 CNY

  @MER-087
  Scenario: A card on the blacklist pays nothing, whatever its issuer thinks of it
    Given the acquirer puts Bob's card on its blacklist
    When Bob swipes 1.00 CNY at "T1"
    Then "T1" shows RESTRICTED_CARD
    And the answer to the 1st sale carries
      | field | value |
      | code  | 62    |
    And Bob's card holds 5000.00 CNY

  @MER-087
  Scenario: ... until it is taken off
    Given the acquirer puts Bob's card on its blacklist
    And the acquirer puts Bob's card off its blacklist
    When Bob swipes 1.00 CNY at "T1"
    Then "T1" shows APPROVED
    And Bob's card holds 4999.00 CNY

  @MER-088
  Scenario: What is large waits for a person
    Given the acquirer looks at what is over 500.00 CNY first
    When Bob swipes 500.01 CNY at "T1"
    Then "T1" shows CALL_ACQUIRER
    And the answer to the 1st sale carries
      | field | value |
      | code  | 60    |
    And the acquirer has looked at
      | amount     | limit  | decision |
      | 500.01 CNY | review |          |
    And Bob's card holds 5000.00 CNY

  @MER-089
  Scenario: Released it passes, once
    Given the acquirer looks at what is over 500.00 CNY first
    And Bob swipes 600.00 CNY at "T1"
    And the acquirer releases what it looks at
    And Bob has paid 600.00 CNY at "T1"
    When Bob swipes 600.00 CNY at "T1"
    Then "T1" shows CALL_ACQUIRER
    And the acquirer has looked at
      | amount     | decision |
      | 600.00 CNY | release  |
      | 600.00 CNY |          |
    And Bob's card holds 4400.00 CNY

  @MER-089
  Scenario: Refused, the card pays nothing more
    Given the acquirer looks at what is over 500.00 CNY first
    And Bob swipes 600.00 CNY at "T1"
    And the acquirer refuses what it looks at
    When Bob swipes 1.00 CNY at "T1"
    Then "T1" shows RESTRICTED_CARD
    And Bob's card holds 5000.00 CNY
