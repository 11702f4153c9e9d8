Feature: A sale by tap
  A small amount is paid by holding the card there: no PIN, no signature. The card is gone before the host answers, so nothing is
  said to it any more.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @CHP-002 @NFC-004 @host-control
  Scenario: A small amount is paid by a tap, without a PIN
    When Carol taps her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the 1st sale carries
      | field         | value |
      | entry_mode    | 072   |
      | card_sequence | 001   |
      | pin           |       |
    And the chip data of the 1st sale say
      | tag  | value |
      | 9F27 | 80    |
      | 9F26 | *     |
      | 9F36 | 0001  |
    And Carol's card holds 990.00 CNY
    And "Noodle House" is owed 10.00 CNY

  @NFC-005 @host-control
  Scenario: The issuer says nothing to a card that has left
    Given Carol's bank has the chip block the application
    When Carol taps her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the answer to the 1st sale carries
      | field | value |
      | chip  |       |
    And Carol's chip was never sent "EXTERNAL AUTHENTICATE"
    And Carol's chip was never sent "APPLICATION BLOCK"
    And Carol's chip was never sent "GENERATE AC"
    And Carol's bank has 1 command left for the chip

  @NFC-005 @unionpay @host-control
  Scenario: A command that waits reaches the chip over its contacts
    Given Carol's bank has the chip unblock the PIN
    And Carol taps her card for 10.00 CNY at "T1"
    And Carol inserts her card for 20.00 CNY at "T1"
    When Bob swipes 5.00 CNY at "T1"
    Then "T1" shows APPROVED
    And Carol's chip answered "PIN CHANGE/UNBLOCK" with "9000"
    And Carol's bank has 0 commands left for the chip

  @NFC-006 @unionpay @host-control
  Scenario Outline: The limit for taps without a PIN is the host's, and holds just that amount: <amount>
    Given the host has new contactless limits
    And Carol's debit card holds 5000.00 CNY
    And Bob swipes 1.00 CNY at "T1"
    And Bob swipes 1.00 CNY at "T1"
    When Carol taps her card for <amount> CNY at "T1"
    Then "T1" shows APPROVED
    And the 3rd sale carries
      | field      | value  |
      | entry_mode | <mode> |

    Examples:
      | amount  | mode |
      | 1000.00 | 072  |
      | 1000.01 | 071  |

  @NFC-006 @host-control
  Scenario: A till that has the old limit asks for the PIN of just that amount
    When Carol taps her card for 1000.00 CNY at "T1"
    Then "T1" shows ENTER_PIN
    And "T1" shows APPROVED
    And the 1st sale carries
      | field      | value |
      | entry_mode | 071   |
    And Carol's card holds 0.00 CNY

  @NFC-007 @host-control
  Scenario: Over the limit the PIN goes to the issuer, and a wrong one pays nothing
    Given Carol's debit card holds 5000.00 CNY
    When Carol taps her card for 2000.00 CNY at "T1" and enters a wrong PIN
    Then "T1" shows WRONG_PIN
    And the 1st sale carries
      | field      | value |
      | entry_mode | 071   |
      | pin        | *     |
    And Carol's card holds 5000.00 CNY

  @NFC-007 @host-control
  Scenario: A holder who gives up at the PIN has not paid
    Given Carol's debit card holds 5000.00 CNY
    When Carol taps her card for 2000.00 CNY at "T1" and cancels at the PIN
    Then "T1" shows CANCELLED
    And no message went to the host
    And Carol's card holds 5000.00 CNY

  @NFC-008 @host-control
  Scenario: Over the contactless limit the card is to be inserted
    Given Carol's debit card holds 60000.00 CNY
    When Carol taps her card for 50000.00 CNY at "T1"
    And Carol inserts her card again at "T1"
    Then "T1" shows INSERT_CARD
    And "T1" shows APPROVED
    And the 1st sale carries
      | field      | value |
      | entry_mode | 051   |
    And Carol's card holds 10000.00 CNY

  @NFC-009 @unionpay @host-control
  Scenario: A tap without a PIN leaves no line for a signature
    When Carol taps her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the merchant copy of "T1" has
      | line              | value |
      | SLIP_NO_SIGNATURE | *     |
      | SLIP_SIGNATURE    |       |
