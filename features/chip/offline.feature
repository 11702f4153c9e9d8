Feature: A chip that pays without the host
  Below the floor limit, or when nobody answers, card and till may agree alone. The card signs a certificate, and the host hears of the
  sale later.

  Background:
    Given till "T1" of "Noodle House" has signed in
    And "T1" lets chips pay below 100.00 CNY without the host

  @CHO-001 @host-control
  Scenario: Below the floor limit nobody is asked
    When Nina inserts her card for 10.00 CNY at "T1"
    Then "T1" shows SOLD_OFFLINE
    And no message went to the host
    And "T1" prints 2 receipts
    And the customer copy of "T1" has
      | line            | value              |
      | SLIP_TYPE       | @FLOW_OFFLINE_SALE |
      | SLIP_TRACE      | 000002             |
      | SLIP_AMOUNT     | 10.00 CNY          |
      | SLIP_CRYPTOGRAM | *                  |
    And "T1" keeps 1 offline sale for the host
    And "Noodle House" is owed 0.00 CNY

  @CHO-001 @host-control
  Scenario: At the floor limit the host is asked
    When Nina inserts her card for 100.00 CNY at "T1"
    Then "T1" shows APPROVED
    And "T1" keeps no offline sales for the host
    And Nina's card holds 1900.00 CNY

  @CHO-002 @unionpay @host-control
  Scenario: The host gets the certificate before the next online order
    Given Nina inserts her card for 10.00 CNY at "T1"
    When Bob swipes 5.00 CNY at "T1"
    Then "T1" shows APPROVED
    And these messages went over the wire
      | from | message             | trace | amount       | code |
      | T1   | offline-sale        | 2     | 000000001000 |      |
      | host | offline-sale answer | 2     | 000000001000 | 00   |
      | T1   | sale                | 3     | 000000000500 |      |
      | host | sale answer         | 3     | 000000000500 | 00   |
    And the 1st offline-sale carries
      | field         | value |
      | entry_mode    | 052   |
      | card_sequence | 001   |
      | pin           |       |
    And the chip data of the 1st offline-sale say
      | tag  | value |
      | 9F27 | 40    |
      | 8A   | 5931  |
      | 9F26 | *     |
    And Nina's card holds 1990.00 CNY
    And "Noodle House" is owed 15.00 CNY

  @CHO-002 @unionpay @host-control
  Scenario: A tap below the contactless floor limit brings its certificate too
    Given Nina's card is of kind "visa-credit"
    And the chip parameters of "T1" say
      | tag  | value        |
      | DF19 | 000000010000 |
    And Nina taps her card for 10.00 CNY at "T1"
    When Bob swipes 5.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the 1st offline-sale carries
      | field      | value |
      | entry_mode | 072   |
    And the chip data of the 1st offline-sale say
      | tag  | value |
      | 9F27 | 40    |
      | 8A   | 5931  |
    And the host has the 1st offline-sale as approved
    And Nina's card holds 1990.00 CNY

  @CHO-010 @unionpay @host-control
  Scenario: An adjustment reaches the host behind the amount that the chip signed
    Given Nina inserts her card for 10.00 CNY at "T1"
    When Nina's offline sale is adjusted to 8.00 CNY at "T1"
    Then these messages went over the wire
      | from | message             | trace | amount       | code |
      | T1   | offline-sale        | 2     | 000000001000 |      |
      | host | offline-sale answer | 2     | 000000001000 | 00   |
      | T1   | adjustment          | 3     | 000000000800 |      |
      | host | adjustment answer   | 3     | 000000000800 | 00   |
    And Nina's card holds 1992.00 CNY
    And "Noodle House" is owed 8.00 CNY

  @CHO-002 @unionpay @host-control
  Scenario: A certificate outlives a power cut
    Given Nina inserts her card for 10.00 CNY at "T1"
    When "T1" starts again
    And Bob swipes 5.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the chip data of the 1st offline-sale say
      | tag  | value |
      | 9F27 | 40    |
    And Nina's card holds 1990.00 CNY
    And "Noodle House" is owed 15.00 CNY

  @CHO-003 @host-control
  Scenario: Only a sale is paid without the host
    When Nina leaves a deposit of 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And these messages went over the wire
      | from | message         | trace | code |
      | T1   | pre-auth        | 2     |      |
      | host | pre-auth answer | 2     | 00   |
    And "T1" keeps no offline sales for the host

  @CHO-004 @unionpay @host-control
  Scenario: What the card has approved is posted though the money is gone
    Given Nina's credit card holds 5.00 CNY
    And Nina inserts her card for 10.00 CNY at "T1"
    When Bob swipes 5.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the host has the 1st offline-sale as approved
    And "Noodle House" is owed 15.00 CNY

  @CHO-005 @unionpay @host-control
  Scenario: A certificate that is not the card's goes back from the merchant
    Given Nina's chip is a copy with other keys
    And Nina inserts her card for 10.00 CNY at "T1"
    When Bob swipes 5.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the host has the 1st offline-sale as charged
    And Nina's card holds 2000.00 CNY
    And "Noodle House" is owed 5.00 CNY

  @CHO-006 @unionpay @host-control
  Scenario: A certificate is posted once, whatever brings it
    Given Nina inserts her card for 10.00 CNY at "T1"
    And Bob swipes 5.00 CNY at "T1"
    When "T1" is made to send the 1st offline-sale again with trace "000099"
    Then Nina's card holds 1990.00 CNY
    And "Noodle House" is owed 15.00 CNY

  @CHO-007 @host-control
  Scenario: Payments of one card count together
    Given Nina inserts her card for 60.00 CNY at "T1"
    When Nina inserts her card for 60.00 CNY at "T1"
    Then "T1" shows APPROVED
    And "T1" keeps no offline sales for the host
    And Nina's card holds 1880.00 CNY
    And "Noodle House" is owed 120.00 CNY

  @CHO-008 @host-control
  Scenario: A line that is down keeps no card from paying
    Given "T1" lets chips pay below 100.00 CNY if it cannot reach the host
    And the line refuses connections
    When Nina inserts her card for 10.00 CNY at "T1"
    Then "T1" shows NO_CONNECTION
    And "T1" shows SOLD_OFFLINE
    And "T1" prints 2 receipts
    And "T1" keeps 1 offline sale for the host

  @CHO-008 @clock @unionpay @host-control
  Scenario: The request that got no answer is reversed, and the sale is posted once
    Given "T1" lets chips pay below 100.00 CNY if it cannot reach the host
    And the line loses the answer to the 1st sale
    And Nina inserts her card for 10.00 CNY at "T1"
    When Bob swipes 5.00 CNY at "T1"
    Then "T1" shows APPROVED
    And these messages went over the wire
      | from | message             | trace | code |
      | T1   | reversal            | 2     | 98   |
      | host | reversal answer     | 2     | 00   |
      | T1   | offline-sale        | 3     |      |
      | host | offline-sale answer | 3     | 00   |
      | T1   | sale                | 4     |      |
      | host | sale answer         | 4     | 00   |
    And the chip data of the 1st offline-sale say
      | tag  | value |
      | 9F27 | 40    |
      | 8A   | 5933  |
    And Nina's card holds 1990.00 CNY
    And "Noodle House" is owed 15.00 CNY

  @CHO-009
  Scenario: A card that pays nothing alone is declined when the host is not reached
    Given the line refuses connections
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows NO_CONNECTION
    And "T1" shows DECLINED_UNREACHED
    And "T1" keeps no offline sales for the host

  @CHO-009
  Scenario: What the card declines needs no host
    Given Nina's chip declines everything
    When Nina inserts her card for 10.00 CNY at "T1"
    Then "T1" shows DECLINED_OFFLINE
    And no message went to the host

  @CHO-009
  Scenario: Above the floor limit nothing is paid when the host is not reached
    Given the line refuses connections
    When Nina inserts her card for 100.00 CNY at "T1"
    Then "T1" shows DECLINED_UNREACHED
    And "T1" keeps no offline sales for the host
