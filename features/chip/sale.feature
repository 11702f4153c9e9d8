Feature: A sale by chip
  Card, till and issuer prove themselves to one another, and only what all three agree on is paid.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @CHP-002 @host-control
  Scenario: An inserted card pays
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And "T1" prints 2 receipts
    And these messages went over the wire
      | from | message     | trace | code |
      | T1   | sale        | 2     |     |
      | host | sale answer | 2     | 00  |
    And the 1st sale carries
      | field         | value |
      | entry_mode    | 051   |
      | expiry        | 3012  |
      | card_sequence | 001   |
      | chip          | *     |
    And Carol's card holds 990.00 CNY
    And "Noodle House" is owed 10.00 CNY

  @CHP-002
  Scenario: The slip tells the chip's data
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the customer copy of "T1" has
      | line            | value            |
      | SLIP_AID        | A000000333010101 |
      | SLIP_CRYPTOGRAM | *                |
      | SLIP_ATC        | *                |

  @CHP-001 @host-control
  Scenario: A wrong cryptogram pays nothing
    Given Carol's chip is a copy with other keys
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows SUSPECTED_FRAUD
    And Carol's card holds 1000.00 CNY

  @CHP-003 @host-control
  Scenario: A chip that does not believe its issuer declines, and the sale is reversed
    Given Carol's chip answers "EXTERNAL AUTHENTICATE" with "6300"
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows CARD_DECLINES
    And these messages went over the wire
      | from | message         | trace | code |
      | T1   | sale            | 2     |     |
      | host | sale answer     | 2     | 00  |
      | T1   | reversal        | 2     | 96  |
      | host | reversal answer | 2     | 00  |
    And Carol's card holds 1000.00 CNY
    And "Noodle House" is owed 0.00 CNY

  @CHP-002 @host-control
  Scenario: A wrong PIN pays nothing, and the chip hears the issuer's no
    When Carol inserts her card for 10.00 CNY at "T1" and enters a wrong PIN
    Then "T1" shows WRONG_PIN
    And Carol's card holds 1000.00 CNY

  @CHP-003 @host-control
  Scenario: A card that is taken out before its last word has not paid
    Given Carol takes her card away at the 2nd "GENERATE AC"
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows CARD_DECLINES
    And "T1" has the 1st sale as reversed
    And Carol's card holds 1000.00 CNY

  @CHP-004 @unionpay @host-control
  Scenario: A command of the issuer is carried out once, and the issuer hears it
    Given Carol's bank has the chip unblock the PIN
    And Carol inserts her card for 10.00 CNY at "T1"
    When Bob swipes 20.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the chip data of the 1st script-result say
      | tag  | value      |
      | DF31 | 2000000001 |
    And Carol's bank has 0 commands left for the chip

  @CHP-004 @unionpay @host-control
  Scenario: A blocked application pays no more
    Given Carol's bank has the chip block the application
    And Carol inserts her card for 10.00 CNY at "T1"
    When Carol inserts her card for 20.00 CNY at "T1"
    Then "T1" shows CARD_BLOCKED
    And Carol's card holds 990.00 CNY
